package operator_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestAMessageOfAnOperatorArrivesInItsSendersName(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		bob := n.Login("bob")
		r, err := n.op.Send(t.Context(), httpapi.Message{From: "support", To: "bob", Ver: 2, Cmd: 7, Body: []byte("hello")})
		if err != nil || r.Result != wire.Delivered {
			t.Errorf("%+v, %v", r, err)
		}
		if got := bob.Next(t); got != "2.7 hello" {
			t.Errorf("bob got %q", got)
		}
		_, err = n.op.Send(t.Context(), httpapi.Message{From: "support", To: "zed", Ver: 2, Cmd: 7, Body: []byte("hello")})
		wantCode(t, "to a user who is not connected", err, wire.CodeUserNotFound)
		long := make([]byte, n.op.MaxMessage()+1)
		_, err = n.op.Send(t.Context(), httpapi.Message{From: "support", To: "bob", Ver: 2, Cmd: 7, Body: long})
		wantCode(t, "a message that is too long", err, wire.CodeTooLarge)
	})
}

func TestBadUserIDsAreRefusedAtOnce(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		for _, id := range []string{"", strings.Repeat("x", user.MaxIDLength+1), "a\nb", "\xff"} {
			_, err := n.op.Send(t.Context(), httpapi.Message{From: id, To: "bob", Body: []byte("x")})
			wantCode(t, "a sender", err, wire.CodeMalformed)
			_, err = n.op.Send(t.Context(), httpapi.Message{From: "alice", To: id, Body: []byte("x")})
			wantCode(t, "a recipient", err, wire.CodeMalformed)
			_, err = n.op.Users(t.Context(), []string{"bob", id})
			wantCode(t, "a user", err, wire.CodeMalformed)
			hour := time.Hour
			_, err = n.op.Remove(t.Context(), id, &hour)
			wantCode(t, "a user to ban", err, wire.CodeMalformed)
		}
	})
}

func TestANodeThatTakesNoUsersSaysSo(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		n.member.Store(false)
		_, err := n.op.Send(t.Context(), httpapi.Message{From: "alice", To: "bob", Body: []byte("x")})
		wantCode(t, "Send", err, wire.CodeNodesNotFound)
		_, err = n.op.Users(t.Context(), []string{"bob"})
		wantCode(t, "Users", err, wire.CodeNodesNotFound)
		_, err = n.op.Remove(t.Context(), "bob", nil)
		wantCode(t, "Remove", err, wire.CodeNodesNotFound)
		nodes, err := n.op.Nodes(t.Context())
		if err != nil || len(nodes) != 1 || nodes[0].Ready || nodes[0].Reason != "it has not joined" || nodes[0].ID != n.ID.String() {
			t.Errorf("Nodes: %+v, %v", nodes, err)
		}
	})
}

func TestASenderThatGivesUpIsAnsweredAtOnce(t *testing.T) {
	inWorld(t, 1, func(w *world) {
		t := w.t
		n := w.nodes[0]
		bob := n.Login("bob")
		n.hold = make(chan struct{}) // the program has not decided
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := n.op.Send(ctx, httpapi.Message{From: "alice", To: "bob", Ver: 2, Cmd: 7, Body: []byte("hello")})
		wantCode(t, "a sender that gives up", err, wire.CodeTimeout)
		if took := time.Since(began); took != time.Second {
			t.Errorf("it took %v", took)
		}
		close(n.hold)
		if got := bob.Next(t); got != "2.7 hello" { // the message went on
			t.Errorf("bob got %q", got)
		}
	})
}

package chat

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestWhatIsPostedArrivesInOrderAndItsOutcomeIsTold(t *testing.T) {
	h := newHub(t)
	alice, bob := h.start("alice"), h.start("bob")
	for i := range 20 {
		if !alice.Post(i, "bob", fmt.Sprint("message ", i)) {
			t.Fatal("the queue is full")
		}
	}
	for i := range 20 {
		if e := next(t.Context(), t, bob, Received); e.User != "alice" || string(e.Text) != fmt.Sprint("message ", i) {
			t.Fatalf("message %d is %q of %s", i, e.Text, e.User)
		}
		if e := next(t.Context(), t, alice, Sent); e.ID != i {
			t.Fatalf("outcome %d is of %d", i, e.ID)
		}
	}
	alice.Post(99, "nobody", "hi")
	if e := next(t.Context(), t, alice, Failed); e.ID != 99 || e.User != "nobody" || !errors.Is(e.Err, client.ErrUserNotFound) {
		t.Errorf("got %+v", e)
	}
	if alice.UserID() != "alice" || alice.Node() != "n1" || alice.Err() != nil {
		t.Errorf("%s at %s, %v", alice.UserID(), alice.Node(), alice.Err())
	}
}

func TestAFullQueueRefusesInsteadOfGrowing(t *testing.T) {
	c := &Conversation{outbox: make(chan post, 1)}
	if !c.Post(1, "bob", "one") || c.Post(2, "bob", "two") {
		t.Error("the bound does not hold")
	}
}

func TestLeavingIsTold(t *testing.T) {
	h := newHub(t)
	bob := h.start("bob")
	h.wait("bob")
	h.push("bob", 700, "alice", "so long")
	if e := next(t.Context(), t, bob, Left); e.User != "alice" || string(e.Text) != "so long" {
		t.Errorf("got %+v", e)
	}
}

func TestTheEndOfTheConnectionIsTold(t *testing.T) {
	h := newHub(t)
	bob := h.start("bob")
	h.wait("bob")
	h.goodbye("bob", wire.GoodbyeReplaced)
	for over := false; !over; {
		over = next(t.Context(), t, bob, Changed).State == client.StateClosed
	}
	if text := Explain(bob.Err(), "alice", h.url()); !strings.HasPrefix(text, "logged in elsewhere") {
		t.Errorf("explained as %q", text)
	}
}

func TestStartSaysWhyItFails(t *testing.T) {
	h := newHub(t)
	_, err := Start(t.Context(), Options{URL: h.url(), Timeout: time.Second, Client: []client.Option{client.WithToken("forged")}})
	if text := Explain(err, "", h.url()); !strings.Contains(text, "refused the token (token forged): give one with --token") {
		t.Errorf("explained as %q", text)
	}
	h.ln.Close()
	_, err = Start(t.Context(), Options{URL: h.url(), Timeout: time.Second, Client: []client.Option{client.WithToken("bob")}})
	if text := Explain(err, "", h.url()); !strings.HasPrefix(text, "no server at "+h.url()) || !strings.Contains(text, "`parley serve`") {
		t.Errorf("explained as %q", text)
	}
}

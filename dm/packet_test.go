package dm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/messages"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// otherNode is a node's way to one other node, which a test plays: it keeps what is sent. It is a
// directory that knows no user, too.
type otherNode struct {
	module *dm.Module

	mu   sync.Mutex
	sent [][]byte // guarded by mu
}

var here, there = nodes.ID{Name: "here", Incarnation: 1}, nodes.ID{Name: "there", Incarnation: 2}

func (w *otherNode) Self() nodes.ID                             { return here }
func (w *otherNode) Linked(n nodes.ID) bool                     { return n == there }
func (w *otherNode) SendLater(to nodes.ID, packet []byte) error { return w.Send(to, packet) }
func (w *otherNode) Lookup(_ string, token uint64)              { messages.Of(w.module).NotFound(token) }
func (w *otherNode) Cancel(uint64)                              {}
func (w *otherNode) Owner(string) nodes.ID                      { return nodes.ID{} }
func (w *otherNode) Send(_ nodes.ID, packet []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, bytes.Clone(packet))

	return nil
}

// last takes the last packet that was sent.
func (w *otherNode) last() (packet []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.sent); n > 0 {
		packet, w.sent = w.sent[n-1], nil
	}

	return packet
}

// newOtherNode makes a module with one user, bob, whose client is s.
func newOtherNode(tb testing.TB, s *sink) (*otherNode, *user.User) {
	tb.Helper()
	w := &otherNode{module: dm.New()}
	var clock nodes.Clock
	users := user.NewRegistry()
	messages.Of(w.module).Attach(messages.Parts{Users: users, Directory: w, Nodes: w, Clock: &clock, Router: command.NewRouter(quiet), Log: quiet})
	messages.Of(w.module).Start()
	tb.Cleanup(func() { messages.Of(w.module).Stop(context.Background()) })
	bob := sessions.New(users, "bob", user.NewSID(), s)
	sessions.Of(bob).SetStamp(uint64(clock.Now()))
	sessions.Add(users, bob)

	return w, bob
}

// message is the packet of alice's message to bob: kind 1 is a find, 2 a send.
func message(kind byte, to nodes.SID, epoch uint64, seq uint32) []byte {
	b := []byte{kind, 1}
	b = append(b, bytes.Repeat([]byte{7}, 16)...)
	b = append(b, to[:]...)
	b = binary.BigEndian.AppendUint64(b, epoch)
	b = binary.BigEndian.AppendUint64(b, 0)
	if kind == 2 {
		b, _ = (&dm.SendData{MyUserID: "alice", YourUserID: "bob", Ver: 2, Cmd: 11, Message: []byte("hi")}).
			AppendBinary(binary.BigEndian.AppendUint32(b, seq))

		return b
	}
	b, _ = (&dm.FindData{MyUserID: "alice", YourUserID: "bob", MyNodeAddr: "there", Ver: 2, Cmd: 11, Message: []byte("hi")}).AppendBinary(b)

	return b
}

func TestOnlyTheSessionThatAMessageNamesTakesIt(t *testing.T) {
	var s sink
	w, bob := newOtherNode(t, &s)
	right := nodes.ParseSID(bob.SID)
	const delivered, moved, stale = 1, 8, 10
	for _, step := range []struct {
		what   string
		packet []byte
		want   byte
		pushed int64
	}{
		{"a find for an older session", message(1, nodes.SID{1}, 5, 0), moved, 0},
		{"a send for an older session", message(2, nodes.SID{1}, 5, 1), moved, 0},
		{"a find", message(1, right, 6, 0), delivered, 1},
		{"what follows it", message(2, right, 6, 1), delivered, 2},
		{"a find of an older epoch", message(1, right, 5, 0), stale, 2},
	} {
		messages.Of(w.module).HandlePacket(there, step.packet)
		answer := w.last()
		if len(answer) < 2 || answer[0] != 3 || answer[1] != step.want || s.pushed.Load() != step.pushed {
			t.Errorf("%s: answer %x, %d pushed", step.what, answer, s.pushed.Load())
		}
		if newest := binary.BigEndian.Uint64(answer[2+16+16+8+4+4:]); step.want == stale && newest != 6 {
			t.Errorf("%s: the refusal names epoch %d", step.what, newest)
		}
	}
}

func FuzzPacketsOfOtherNodesAreAnyBytes(f *testing.F) {
	f.Add([]byte{})
	f.Add(message(1, nodes.SID{1}, 5, 0))
	f.Add(message(2, nodes.SID{1}, 5, 1))
	for kind := range byte(8) {
		f.Add(append([]byte{kind}, make([]byte, 80)...))
	}
	w, bob := newOtherNode(f, &sink{})
	sid := nodes.ParseSID(bob.SID)
	f.Fuzz(func(_ *testing.T, packet []byte) {
		messages.Of(w.module).HandlePacket(there, packet)
		if len(packet) > 34 { // the same for the session that is there
			named := bytes.Clone(packet)
			copy(named[18:], sid[:])
			messages.Of(w.module).HandlePacket(there, named)
		}
		w.last()
	})
}

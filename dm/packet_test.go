package dm_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"sync"
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/command"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// fakeLink is a node's way to one other node, which a test plays: it keeps what is sent. It is a directory that knows no user, too.
type fakeLink struct {
	module *dm.Module

	mu   sync.Mutex
	sent [][]byte // guarded by mu
}

var here, there = nodes.ID{Name: "here", Incarnation: 1}, nodes.ID{Name: "there", Incarnation: 2}

func (w *fakeLink) Self() nodes.ID                             { return here }
func (w *fakeLink) Linked(n nodes.ID) bool                     { return n == there }
func (w *fakeLink) SendLater(to nodes.ID, packet []byte) error { return w.Send(to, packet) }
func (w *fakeLink) Lookup(_ string, token uint64)              { w.module.NotFound(token) }
func (w *fakeLink) Cancel(uint64)                              {}
func (w *fakeLink) Send(_ nodes.ID, packet []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, bytes.Clone(packet))

	return nil
}

// last takes the last packet that was sent.
func (w *fakeLink) last() (packet []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.sent); n > 0 {
		packet, w.sent = w.sent[n-1], nil
	}

	return packet
}

// newWire makes a module with one user, bob, whose client is s.
func newWire(tb testing.TB, s *sink) (*fakeLink, *user.User) {
	tb.Helper()
	w := &fakeLink{module: dm.New()}
	var clock nodes.Clock
	users := user.NewRegistry()
	w.module.Attach(dm.Parts{Users: users, Directory: w, Nodes: w, Clock: &clock, Router: command.NewRouter(quiet), Log: quiet})
	w.module.Start()
	tb.Cleanup(func() { w.module.Stop(context.Background()) })
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
	w, bob := newWire(t, &s)
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
		w.module.HandlePacket(there, step.packet)
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
	w, bob := newWire(f, &sink{})
	sid := nodes.ParseSID(bob.SID)
	f.Fuzz(func(_ *testing.T, packet []byte) {
		w.module.HandlePacket(there, packet)
		if len(packet) > 34 { // the same for the session that is there
			named := bytes.Clone(packet)
			copy(named[18:], sid[:])
			w.module.HandlePacket(there, named)
		}
		w.last()
	})
}

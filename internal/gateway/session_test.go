package gateway

import (
	"testing"
	"unsafe"

	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestAClientLogsInAsksIsPushedToAndLeaves(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		w := c.login("alice")
		if w.Node != "n1" || w.HeartbeatMS != 15_000 || w.MaxMessage != 65_536 || n.users.BySID(w.Session) == nil {
			t.Fatalf("welcome %+v", w)
		}
		c.send(request(5, 1, "hello"))
		c.wantEcho(5, "hello")
		c.send(request(0, 2, "push me"))
		if f := c.next(); f.Kind != wire.KindPush || f.Ver != 2 || f.Cmd != 2 || string(f.Payload) != "push me" {
			t.Fatalf("%+v", f)
		}
		c.send(wire.Frame{Kind: wire.KindPing, ID: 9})
		if f := c.next(); f.Kind != wire.KindPong || f.ID != 9 {
			t.Fatalf("%+v", f)
		}
		c.send(wire.Frame{Kind: wire.KindPong, ID: 1})
		c.send(wire.Frame{Kind: wire.KindRequest, Ver: 9, Cmd: 9, ID: 6})
		if code, _, err := wire.ParseError(c.next().Payload[1:]); code != wire.CodeUnknownCommand || err != nil {
			t.Fatal(code, err)
		}
		if n.gw.Sessions() != 1 {
			t.Fatalf("%d sessions", n.gw.Sessions())
		}
		c.send(wire.Frame{Kind: wire.KindGoodbye})
		n.wantLeft(t, "alice", user.Left)
		c.wantEnd()
	})
}

// An idle client costs this for as long as it is connected: 384 is a size of Go's allocator, the
// next is 416.
func TestASessionIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(session{}); size > 384 {
		t.Errorf("a session has %d bytes", size)
	}
}

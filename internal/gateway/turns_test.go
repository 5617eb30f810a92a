package gateway

import (
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/wire"
)

func TestALongResponseIsAnsweredWith5005(t *testing.T) {
	overBoth(t, Config{MaxMessage: 1000}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		for i, size := range []int{0, 1, n.gw.maxBody - wire.HeaderSize - 1, n.gw.maxBody - wire.HeaderSize, 5000} {
			u := n.user(t, "alice")
			id := uint32(i + 1)
			if err := sessions.Of(u).Conn().Respond(id, 2, 1, uint8(wire.StatusOK), make([]byte, size), true); err != nil {
				t.Fatal(err)
			}
			f := c.next()
			status, data, _ := wire.ParseResponse(f.Payload)
			if size <= n.gw.maxBody-wire.HeaderSize-1 {
				if status != wire.StatusOK || len(data) != size {
					t.Errorf("%d bytes: status %d, %d bytes", size, status, len(data))
				}

				continue
			}
			code, text, err := wire.ParseError(data)
			if status != wire.StatusError || f.ID != id || code != wire.CodeTooLarge || err != nil || !strings.Contains(text, "too long") {
				t.Errorf("%d bytes: status %d, %d %q", size, status, code, text)
			}
		}
	})
}

// Between two turns of a client that has sent much, others are handled.
func TestAFloodLetsOthersHaveTheirTurn(t *testing.T) {
	n := start(t, Config{})
	flooder, other := n.dialTCP(t), n.dialTCP(t)
	flooder.login("flooder")
	other.login("other")
	const pings = 20_000
	var flood []byte
	for i := range pings {
		flood = wire.AppendFrame(flood, wire.Frame{Kind: wire.KindPing, ID: uint32(i + 1)})
	}
	conn, ok := flooder.io.(*tcpBodies)
	if !ok {
		t.Fatal("no TCP connection")
	}
	go func() { _, _ = conn.conn.Write(flood) }()
	for range 50 {
		other.wantAlive()
	}
	for i := range pings {
		if f := flooder.next(); f.Kind != wire.KindPong || f.ID != uint32(i+1) {
			t.Fatalf("%v %d, want pong %d", f.Kind, f.ID, i+1)
		}
	}
}

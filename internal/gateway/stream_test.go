package gateway

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// script is what a client of these tests sends: hello, three requests, goodbye.
func script(id string) []byte {
	b := wire.AppendFrame(nil, helloFrame(id))
	for i := range 3 {
		b = wire.AppendFrame(b, request(uint32(i+1), 1, "request "+number(i)))
	}

	return b
}

func (c *client) wantScript(id string) {
	c.t.Helper()
	c.welcome(id)
	for i := range 3 {
		c.wantEcho(uint32(i+1), "request "+number(i))
	}
}

func TestFramesMayBeSplitAnywhere(t *testing.T) {
	n := start(t, Config{})
	for cut := 1; cut < len(script("user 100")); cut++ {
		id := "user " + number(100+cut)
		whole := script(id)
		c := n.dialTCP(t)
		conn := c.io.(*tcpBodies).conn
		before := n.gw.Stats().BytesIn
		if _, err := conn.Write(whole[:cut]); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "the bytes have arrived", func() bool { return n.gw.Stats().BytesIn == before+uint64(cut) })
		if _, err := conn.Write(whole[cut:]); err != nil {
			t.Fatal(err)
		}
		c.wantScript(id)
	}
}

func TestFramesMayComeByteByByte(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	for _, b := range script("alice") {
		if _, err := c.io.(*tcpBodies).conn.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	c.wantScript("alice")

	ws := n.dialRawWS(t)
	for _, b := range maskWS(opBinary, true, wire.AppendBody(nil, helloFrame("bob"))) {
		if _, err := ws.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
	if _, p := readWS(t, ws); wire.Kind(p[0]) != wire.KindWelcome {
		t.Fatalf("%q", p)
	}
}

func TestFramesBehindTheHelloInOneSegmentWaitForTheWelcome(t *testing.T) {
	n := newNode(t, Config{})
	n.router.Handle(2, 1, echo)
	asked, admit := make(chan struct{}), make(chan struct{})
	n.admit = func(ctx context.Context, u *user.User) error { close(asked); <-admit; return nil }
	n.listen(t)
	c := n.dialTCP(t)
	if _, err := c.io.(*tcpBodies).conn.Write(script("alice")); err != nil {
		t.Fatal(err)
	}
	<-asked
	close(admit)
	c.wantScript("alice")
}

func TestFramesBehindTheUpgradeRequestAreNotLost(t *testing.T) {
	n := start(t, Config{})
	early := maskWS(opBinary, true, wire.AppendBody(nil, helloFrame("alice")))
	early = append(early, maskWS(opBinary, true, wire.AppendBody(nil, request(1, 1, strings.Repeat("y", 3000))))...)
	conn := n.dialRawWS(t, early...)
	if _, p := readWS(t, conn); wire.Kind(p[0]) != wire.KindWelcome {
		t.Fatalf("%q", p)
	}
	if _, p := readWS(t, conn); wire.Kind(p[0]) != wire.KindResponse || len(p) != 3000+9 {
		t.Fatalf("%q", p)
	}
}

func TestThousandsOfFramesInFewSegmentsAreAnsweredInOrder(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		const count = 3000
		var sending sync.WaitGroup
		sending.Go(func() {
			if tcp, ok := c.io.(*tcpBodies); ok {
				var all []byte
				for i := range count {
					all = wire.AppendFrame(all, request(uint32(i+1), 1, number(i)))
				}
				if _, err := tcp.conn.Write(all); err != nil {
					t.Error(err)
				}

				return
			}
			for i := range count {
				c.send(request(uint32(i+1), 1, number(i)))
			}
		})
		for i := range count {
			c.wantEcho(uint32(i+1), number(i))
		}
		sending.Wait()
	})
}

func TestFramesOfEveryLengthPassBothWays(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		for i, size := range []int{0, 1, 116, 117, 118, 125, 126, 127, 1015, 1016, 1017, 16_371, 16_372, 16_373, 16_384, 32_768, 65_526, 65_527, 65_528, 65_536} {
			data := strings.Repeat(string(rune('a'+i)), size)
			c.send(request(uint32(i+1), 1, data))
			c.wantEcho(uint32(i+1), data)
		}
	})
}

func TestAHalfClosedClientGetsWhatItAskedForAndHasLeft(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	conn := c.io.(*tcpBodies).conn
	if _, err := conn.Write(script("alice")); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.wantScript("alice")
	n.wantLeft(t, "alice", user.Left)
	c.wantEnd()
}

func TestAResetConnectionHasLeft(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	conn := c.io.(*tcpBodies).conn.(*net.TCPConn)
	if err := conn.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	n.wantLeft(t, "alice", user.Left)
	if ended := n.gw.Stats().Ended; ended[CauseLost] != 1 {
		t.Fatalf("%v", ended)
	}
}

func TestAClosedConnectionHasLeft(t *testing.T) {
	overBoth(t, Config{}, func(t *scene, n *node, dial func(testing.TB) *client) {
		c := dial(t)
		c.login("alice")
		c.io.close()
		n.wantLeft(t, "alice", user.Left)
	})
}

func TestATruncatedFrameAndNothingMoreEndsWithTheConnection(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	frame := wire.AppendFrame(nil, request(1, 1, "never complete"))
	if _, err := c.io.(*tcpBodies).conn.Write(frame[:len(frame)-3]); err != nil {
		t.Fatal(err)
	}
	c.io.close()
	n.wantLeft(t, "alice", user.Left)
}

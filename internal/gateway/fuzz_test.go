package gateway

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

// FuzzASessionTakesAnyBytes sends any bytes, in two pieces, behind a login or without one, and
// closes. The session must end by itself.
func FuzzASessionTakesAnyBytes(f *testing.F) {
	f.Add(wire.AppendFrame(nil, request(1, 1, "x")), uint8(3), false, true)
	f.Add(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing}), uint8(0), false, false)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, uint8(1), false, true)
	f.Add(maskWS(opBinary, false, []byte("hello")), uint8(2), true, false)
	f.Add(maskWS(opBinary, true, wire.AppendBody(nil, request(1, 2, "x"))), uint8(9), true, true)
	n := newNode(f, Config{MaxMessage: 1000, Heartbeat: time.Minute})
	n.router.Handle(2, 1, echo)
	n.router.Handle(2, 2, pushBack)
	n.router.Freeze()
	f.Fuzz(func(t *testing.T, b []byte, cut uint8, overWebSocket, loggedIn bool) {
		ours, theirs := net.Pipe()
		via, first := overTCP, wire.AppendFrame(nil, helloFrame("alice"))
		if overWebSocket {
			via, first = overWS, maskWS(opBinary, true, wire.AppendBody(nil, helloFrame("alice")))
		}
		n.gw.startConn(theirs, via)
		read := make(chan struct{})
		go func() {
			defer close(read)
			_, _ = io.Copy(io.Discard, ours)
		}()
		_ = ours.SetWriteDeadline(time.Now().Add(testTime))
		if loggedIn {
			_, _ = ours.Write(first)
		}
		at := min(int(cut), len(b))
		_, _ = ours.Write(b[:at])
		_, _ = ours.Write(b[at:])
		_ = ours.Close()
		<-read
		if loggedIn {
			select {
			case <-n.gone:
			case <-time.After(testTime):
				t.Fatal("the session did not end")
			}
		}
	})
}

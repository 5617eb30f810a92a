package gateway

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestAWebSocketViolationGetsGoodbye2003AndACloseFrame(t *testing.T) {
	body := wire.AppendBody(nil, request(1, 1, "x"))
	ok := func() []byte { return maskWS(opBinary, true, body) }
	change := func(b []byte, at int, or byte) []byte { b[at] |= or; return b }
	for name, bytes := range map[string][]byte{
		"text message":                  maskWS(opText, true, []byte("hello")),
		"first fragment of a text":      maskWS(opText, false, []byte("hello")),
		"no mask":                       append([]byte{finBit | opBinary, byte(len(body))}, body...),
		"RSV1, as of compression":       change(ok(), 0, 0x40),
		"RSV2":                          change(ok(), 0, 0x20),
		"opcode 3":                      maskWS(3, true, body),
		"opcode 15":                     maskWS(15, true, nil),
		"ping of 126 bytes":             maskWS(opPing, true, make([]byte, 126)),
		"fragmented ping":               maskWS(opPing, false, nil),
		"continuation of nothing":       maskWS(opContinuation, true, body),
		"message within a message":      append(maskWS(opBinary, false, body), ok()...),
		"empty message":                 maskWS(opBinary, true, nil),
		"empty message of fragments":    append(maskWS(opBinary, false, nil), maskWS(opContinuation, true, nil)...),
		"fragments over the limit":      append(maskWS(opBinary, false, make([]byte, 66_000)), maskWS(opContinuation, false, make([]byte, 561))...),
		"frame over the limit":          {finBit | opBinary, maskBit | length64, 0, 0, 0, 0, 0, 1, 4, 1},
		"frame of 2^63 bytes":           {finBit | opBinary, maskBit | length64, 0x80, 0, 0, 0, 0, 0, 0, 0},
		"16-bit length that fits in 7":  {finBit | opBinary, maskBit | length16, 0, 125},
		"64-bit length that fits in 16": {finBit | opBinary, maskBit | length64, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
		"close frame of one byte":       maskWS(opClose, true, []byte{3}),
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, Config{})
			conn := n.dialRawWS(t)
			if _, err := conn.Write(maskWS(opBinary, true, wire.AppendBody(nil, helloFrame("alice")))); err != nil {
				t.Fatal(err)
			}
			readWS(t, conn)
			if _, err := conn.Write(bytes); err != nil {
				t.Fatal(err)
			}
			wantGoodbyeWS(t, conn, wire.GoodbyeProtocol, 1002)
			n.wantLeft(t, "alice", user.Left)
		})
	}
}

func TestAFragmentedMessageIsPutTogetherWithPingsInBetween(t *testing.T) {
	n := start(t, Config{})
	conn := n.dialRawWS(t)
	send := func(b []byte) {
		t.Helper()
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	hi := wire.AppendBody(nil, helloFrame("alice"))
	for round := range 3 { // the hello and two requests, each in pieces
		whole := hi
		if round > 0 {
			whole = wire.AppendBody(nil, request(uint32(round), 1, strings.Repeat("z", 40_000*round-20_000)))
		}
		third := len(whole) / 3
		send(maskWS(opBinary, false, whole[:third]))
		send(maskWS(opPing, true, []byte("still there?")))
		send(maskWS(opPong, true, nil))
		send(maskWS(opContinuation, false, whole[third:2*third]))
		send(maskWS(opContinuation, false, nil))
		send(maskWS(opContinuation, true, whole[2*third:]))
		var got []wire.Kind
		pongs := 0
		for len(got) == 0 || pongs == 0 && round > 0 { // before the welcome there are none
			op, p := readWS(t, conn)
			if op == opPong {
				pongs++
				if string(p) != "still there?" {
					t.Fatalf("pong %q", p)
				}
			} else {
				got = append(got, wire.Kind(p[0]))
			}
		}
		if want := map[bool]wire.Kind{true: wire.KindWelcome, false: wire.KindResponse}[round == 0]; got[0] != want {
			t.Fatalf("%v, want %v", got, want)
		}
	}
}

func TestPingsBeforeTheHelloAreNotQueued(t *testing.T) {
	n := start(t, Config{})
	conn := n.dialRawWS(t)
	pings := bytes.Repeat(maskWS(opPing, true, make([]byte, maxControl)), 100)
	if _, err := conn.Write(append(pings, maskWS(opBinary, true, wire.AppendBody(nil, helloFrame("alice")))...)); err != nil {
		t.Fatal(err)
	}
	if op, p := readWS(t, conn); op != opBinary || wire.Kind(p[0]) != wire.KindWelcome {
		t.Fatalf("op %d %q", op, p)
	}
	if _, err := conn.Write(maskWS(opPing, true, []byte("now"))); err != nil {
		t.Fatal(err)
	}
	if op, p := readWS(t, conn); op != opPong || string(p) != "now" {
		t.Fatalf("op %d %q", op, p)
	}
}

func TestAFloodBeforeTheHelloEndsWithGoodbye2003(t *testing.T) {
	n := start(t, Config{})
	for name, flood := range map[string][]byte{
		"pings":     bytes.Repeat(maskWS(opPing, true, make([]byte, maxControl)), maxBeforeHello/maxControl+500),
		"fragments": append(maskWS(opBinary, false, nil), bytes.Repeat(maskWS(opContinuation, false, nil), maxBeforeHello/wsFrameSize+10_000)...),
	} {
		conn := n.dialRawWS(t)
		if _, err := conn.Write(flood); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if text := wantGoodbyeWS(t, conn, wire.GoodbyeProtocol, 1002); !strings.Contains(text, "before the hello") {
			t.Errorf("%s: goodbye %q", name, text)
		}
	}
}

// wsFrameSize is the length of an empty frame of a client.
const wsFrameSize = 6

func TestACloseFrameIsAnsweredAndTheUserHasLeft(t *testing.T) {
	n := start(t, Config{})
	c := n.dialWS(t)
	c.login("alice")
	if err := c.io.(*wsBodies).conn.Close(websocket.StatusNormalClosure, "bye"); err != nil {
		t.Fatal(err) // Close waits for the answer
	}
	n.wantLeft(t, "alice", user.Left)
}

func TestAGoodbyeOverWebSocketIsFollowedByACloseFrame(t *testing.T) {
	for code, status := range map[wire.Goodbye]uint16{1001: 1001, 1002: 1008, 1003: 1008, 2002: 1008, 2005: 1008, 2003: 1002} {
		n := start(t, Config{})
		conn := n.dialRawWS(t)
		if _, err := conn.Write(maskWS(opBinary, true, wire.AppendBody(nil, helloFrame("alice")))); err != nil {
			t.Fatal(err)
		}
		readWS(t, conn)
		sessions.Of(n.user(t, "alice")).Close(uint16(code), "because")
		if text := wantGoodbyeWS(t, conn, code, status); text != "because" {
			t.Errorf("%q", text)
		}
	}
}

func TestWhatIsNoUpgradeGetsAnHTTPError(t *testing.T) {
	n := start(t, Config{})
	resp, err := http.Get("http" + strings.TrimPrefix(n.ws, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Fatal(resp.Status)
	}
	if n.gw.Stats().Pending != 0 {
		t.Fatal("counted as a connection")
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestUnmaskingDoesNotDependOnWhereTheBufferIsCut(t *testing.T) {
	payload := []byte("a payload of some length, longer than a word")
	for length := range payload {
		want := payload[:length]
		whole := maskWS(opBinary, true, want)
		for cut := range whole {
			if _, n, err := splitWS(bytes.Clone(whole[:cut]), 1000); n != 0 || err != nil {
				t.Fatalf("%d of %d bytes: n %d, %v", cut, len(whole), n, err)
			}
		}
		f, n, err := splitWS(append(bytes.Clone(whole), "what follows"...), 1000)
		if err != nil || n != len(whole) || !bytes.Equal(f.payload, want) || !f.fin || f.op != opBinary {
			t.Fatalf("%+v, %d, %v", f, n, err)
		}
	}
}

func FuzzSplitWSTakesAnyBytes(f *testing.F) {
	f.Add(maskWS(opBinary, true, []byte("hello")), 1000)
	f.Add(maskWS(opBinary, false, make([]byte, 300)), 200)
	f.Add(maskWS(opPing, true, nil), 0)
	f.Add([]byte{finBit | opBinary, maskBit | length64, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 66_560)
	f.Fuzz(func(t *testing.T, b []byte, maxBody int) {
		maxBody = min(max(maxBody, 0), 1<<20)
		before := bytes.Clone(b)
		frame, n, err := splitWS(b, maxBody)
		switch {
		case err != nil && n != 0, n < 0, n > len(b), len(frame.payload) > maxBody:
			t.Fatalf("n %d, %d bytes of payload, %v", n, len(frame.payload), err)
		case n == 0 && !bytes.Equal(b, before):
			t.Fatal("changed bytes that are no whole frame")
		case n > 0: // what it says is what stands there
			again := maskWS(frame.op, frame.fin, frame.payload)
			head := len(again) - len(frame.payload) - maskSize
			if n != len(again) || !bytes.Equal(again[:head], before[:head]) {
				t.Fatalf("% x read as % x", before[:n], again)
			}
		}
	})
}

func TestAServersWebSocketHeaderUsesTheShortestLength(t *testing.T) {
	for n, size := range map[int]int{0: 2, 125: 2, 126: 4, 65_535: 4, 65_536: 10, 1 << 20: 10} {
		h := appendWSHeader(nil, opBinary, n)
		if len(h) != size || h[0] != finBit|opBinary {
			t.Errorf("%d: % x", n, h)
		}
		if size == 4 && int(binary.BigEndian.Uint16(h[2:])) != n || size == 10 && int(binary.BigEndian.Uint64(h[2:])) != n {
			t.Errorf("%d: % x", n, h)
		}
	}
}

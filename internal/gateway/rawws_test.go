package gateway

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/wire"
)

// maskWS encodes a WebSocket frame as a client sends it.
func maskWS(op byte, fin bool, payload []byte) []byte {
	if fin {
		op |= finBit
	}
	dst := []byte{op}
	switch n := len(payload); {
	case n < length16:
		dst = append(dst, maskBit|byte(n))
	case n <= 0xffff:
		dst = binary.BigEndian.AppendUint16(append(dst, maskBit|length16), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, maskBit|length64), uint64(n))
	}
	mask := [maskSize]byte{1, 2, 3, 4}
	dst = append(dst, mask[:]...)
	for i, b := range payload {
		dst = append(dst, b^mask[i%maskSize])
	}

	return dst
}

// dialRawWS upgrades a connection and leaves the framing to the test. Behind the request it sends
// early, in the same write.
func (n *node) dialRawWS(tb testing.TB, early ...byte) net.Conn {
	tb.Helper()
	u, err := url.Parse(n.ws)
	if err != nil {
		tb.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	upgrade := "GET /ws HTTP/1.1\r\nHost: " + u.Host + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
	if _, err := conn.Write(append([]byte(upgrade), early...)); err != nil {
		tb.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(testTime))
	r := bufio.NewReader(io.LimitReader(oneByOne{conn}, 4096)) // takes nothing of what follows
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		tb.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Protocol") != "" {
		tb.Fatalf("%s, %v", resp.Status, resp.Header)
	}

	return conn
}

type oneByOne struct{ r io.Reader }

func (o oneByOne) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

// readWS reads one frame of the server.
func readWS(tb testing.TB, conn net.Conn) (op byte, payload []byte) {
	tb.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(testTime))
	var head [2]byte
	full := func(p []byte) {
		if _, err := io.ReadFull(conn, p); err != nil {
			tb.Fatal(err)
		}
	}
	full(head[:])
	n := int(head[1])
	switch n {
	case length16:
		var l [2]byte
		full(l[:])
		n = int(binary.BigEndian.Uint16(l[:]))
	case length64:
		var l [8]byte
		full(l[:])
		n = int(binary.BigEndian.Uint64(l[:]))
	}
	payload = make([]byte, n)
	full(payload)

	return head[0] & opBits, payload
}

// wantGoodbyeWS expects a goodbye, a close frame with the status, and the end.
func wantGoodbyeWS(tb testing.TB, conn net.Conn, code wire.Goodbye, status uint16) string {
	tb.Helper()
	for {
		op, payload := readWS(tb, conn)
		if op == opBinary && wire.Kind(payload[0]) != wire.KindGoodbye || op == opPong {
			continue
		}
		f, err := wire.ParseBody(payload)
		if op != opBinary || err != nil || wire.Goodbye(f.Cmd) != code {
			tb.Fatalf("op %d %q, want goodbye %d", op, payload, code)
		}
		if op, end := readWS(tb, conn); op != opClose || len(end) != 2 || binary.BigEndian.Uint16(end) != status {
			tb.Fatalf("op %d %q, want a close frame with %d", op, end, status)
		}
		if rest, err := io.ReadAll(conn); len(rest) > 0 || err != nil && !strings.Contains(err.Error(), "reset") {
			tb.Fatalf("%q %v behind the close frame", rest, err)
		}

		return string(f.Payload)
	}
}

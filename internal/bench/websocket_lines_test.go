package bench

import (
	"bufio"
	"net"
	"slices"
	"strings"
	"testing"
)

func TestFramesAreReadAsLines(t *testing.T) {
	long := strings.Repeat("y", 3000)
	const closing = "\x88\x04\x0d\xacno"
	frames := "\x81\x01a" + "\x81\x03b\nc" + "\x89\x02hi" + "\x81\x00" + "\x81\x7e\x0b\xb8" + long + closing
	want := []string{"a", "b", "c", "", long}
	for _, early := range []int{0, 2, len(frames) / 2, len(frames)} { // bytes that came with the answer to the upgrade
		for _, step := range []int{1, 7, 4096} {
			ours, theirs := net.Pipe()
			pong := make(chan string, 1)
			go func() {
				for rest := []byte(frames[early:]); len(rest) > 0; {
					n := min(step, len(rest))
					if _, err := theirs.Write(rest[:n]); err != nil {
						return
					}
					rest = rest[n:]
				}
			}()
			go func() {
				answer := make([]byte, 64)
				n, _ := theirs.Read(answer)
				pong <- string(answer[:n])
			}()
			c := &conn{raw: ours, buf: []byte(frames[:early])}
			c.w = early
			conn := asLines(c)
			var got []string
			lines := bufio.NewScanner(shortReads{conn, step})
			for lines.Scan() {
				got = append(got, lines.Text())
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d bytes early, steps of %d: %q", early, step, got)
			}
			wantError(t, lines.Err(), "closes the WebSocket connection: 3500 no")
			if p := <-pong; p != "\x8a\x82\x00\x00\x00\x00hi" {
				t.Errorf("the ping is answered with %q", p)
			}
			conn.Close()
			theirs.Close()
		}
	}
}

// shortReads reads a few bytes at a time.
type shortReads struct {
	conn net.Conn
	most int
}

func (r shortReads) Read(p []byte) (int, error) { return r.conn.Read(p[:min(len(p), r.most)]) }

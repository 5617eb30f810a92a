package bench

import "net"

// lineConn reads the text frames of a WebSocket as lines, whether a frame has one or several. What
// is written to it are whole frames.
type lineConn struct {
	net.Conn

	raw  line   // of frames
	rest []byte // of the frame that is being read; valid until raw is filled again
	open bool   // its newline has not been read yet
}

// readLines makes a line's connection, which has become a WebSocket, one of lines.
func readLines(l *line) *lineConn {
	c := &lineConn{Conn: l.conn, raw: line{conn: l.conn, in: append([]byte(nil), l.in[l.r:l.w]...)}}
	c.raw.w = len(c.raw.in)
	l.r, l.w = 0, 0

	return c
}

// Read reads lines, and answers pings of the WebSocket.
func (c *lineConn) Read(p []byte) (int, error) {
	for !c.open {
		body, n, reply, err := splitWebSocket(c.raw.in[c.raw.r:c.raw.w], opText)
		if err == nil && n == 0 {
			err = c.raw.fill()
		} else if err == nil && reply != nil {
			err = c.raw.write(reply)
		}
		if err != nil {
			return 0, err
		}
		c.raw.r += n
		c.rest, c.open = body, body != nil
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	if len(c.rest) == 0 && n < len(p) {
		p[n] = '\n'
		n++
		c.open = false
	}

	return n, nil
}

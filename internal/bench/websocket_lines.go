package bench

import "net"

// webSocketLines reads the text frames of a WebSocket as lines, whether a frame has one or several.
// What is written to it are whole frames.
type webSocketLines struct {
	net.Conn

	frames conn   // of frames
	rest   []byte // of the frame that is being read; valid until raw is filled again
	inLine bool   // its newline has not been read yet
}

// asLines makes a line's connection, which has become a WebSocket, one of lines.
func asLines(c *conn) *webSocketLines {
	lines := &webSocketLines{Conn: c.raw, frames: conn{raw: c.raw, buf: append([]byte(nil), c.buf[c.r:c.w]...)}}
	lines.frames.w = len(lines.frames.buf)
	c.r, c.w = 0, 0

	return lines
}

// Read reads lines, and answers pings of the WebSocket.
func (c *webSocketLines) Read(p []byte) (int, error) {
	for !c.inLine {
		body, n, reply, err := splitWebSocket(c.frames.buf[c.frames.r:c.frames.w], opText)
		if err == nil && n == 0 {
			err = c.frames.fill()
		} else if err == nil && reply != nil {
			err = c.frames.write(reply)
		}
		if err != nil {
			return 0, err
		}
		c.frames.r += n
		c.rest, c.inLine = body, body != nil
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	if len(c.rest) == 0 && n < len(p) {
		p[n] = '\n'
		n++
		c.inLine = false
	}

	return n, nil
}

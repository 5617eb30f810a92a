package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
)

// conn is one user's connection: one read buffer, one frame to send, no goroutine of its own. One
// goroutine may read while another one sends.
type conn struct {
	raw      net.Conn
	protocol protocol
	user     uint32

	buf  []byte // in[r:w] has arrived and is not read yet
	r, w int

	out    template // owned by the sending goroutine
	lastID uint32   // owned by the sending goroutine
}

// initialBuffer is enough for a small message; a longer one makes the buffer grow.
const initialBuffer = 512

// maxFrame bounds a frame; a longer one is a protocol error.
const maxFrame = 1 << 20

var errTooLong = errors.New("a frame is too long")

// setRecipient sets the recipient and the size of further messages.
func (c *conn) setRecipient(to uint32, size int) { c.out = c.protocol.message(to, size) }

// send sends one message.
func (c *conn) send(at uint64) error {
	c.out.stamp(at)
	if c.out.id > 0 {
		c.lastID++
		binary.BigEndian.PutUint32(c.out.frame[c.out.id:], max(c.lastID, 1))
	}

	return c.write(c.out.frame)
}

func (c *conn) write(frame []byte) error {
	_, err := c.raw.Write(frame)

	return err
}

// receive waits for a message and returns its stamp. Pings are answered meanwhile.
func (c *conn) receive() (uint64, error) {
	for {
		e, err := c.event()
		if err != nil {
			return 0, err
		}
		if len(e.payload) >= stampSize {
			return e.stamp()
		}
	}
}

// response waits for the answer to a message that wanted one.
func (c *conn) response() error {
	for {
		if e, err := c.event(); err != nil || e.response {
			return err
		}
	}
}

// event waits for anything, and answers it if the protocol wants that. The payload is valid until
// the next call.
func (c *conn) event() (event, error) {
	for {
		if c.r < c.w {
			e, n, err := c.protocol.next(c.buf[c.r:c.w])
			c.r += n // behind an answer that says no, the connection goes on
			if err != nil {
				return event{}, err
			}
			if n > 0 {
				if e.reply != nil {
					err = c.write(e.reply)
				}

				return e, err
			}
		}
		if err := c.fill(); err != nil {
			return event{}, err
		}
	}
}

// fill reads what has arrived.
func (c *conn) fill() error {
	switch {
	case c.r == c.w:
		c.r, c.w = 0, 0
	case c.w == len(c.buf):
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	if c.w == len(c.buf) {
		if c.w > maxFrame {
			return errTooLong
		}
		c.buf = append(c.buf, make([]byte, max(initialBuffer, len(c.buf)))...)
	}
	n, err := c.raw.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}

	return err
}

func (c *conn) close() { _ = c.raw.Close() }

func (c *conn) String() string { return fmt.Sprintf("user %d", c.user) }

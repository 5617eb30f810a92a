package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
)

// line is one user's connection: one read buffer, one frame to send, no goroutine of its own. One
// goroutine reads; another one may send.
type line struct {
	conn  net.Conn
	proto protocol
	user  uint32

	in   []byte // in[r:w] has arrived and is not read yet
	r, w int

	out template // owned by whoever sends
	ids uint32   // owned by whoever sends
}

// firstBuffer is enough for a small message; a longer one makes the buffer grow.
const firstBuffer = 512

// longestFrame is more than any answer here has: beyond it a peer talks nonsense.
const longestFrame = 1 << 20

var errTooLong = errors.New("a frame is too long")

// aim makes further messages go to a user.
func (l *line) aim(to uint32, size int) { l.out = l.proto.message(to, size) }

// send sends one message.
func (l *line) send(at uint64) error {
	l.out.stamp(at)
	if l.out.id > 0 {
		l.ids++
		binary.BigEndian.PutUint32(l.out.frame[l.out.id:], max(l.ids, 1))
	}

	return l.write(l.out.frame)
}

func (l *line) write(frame []byte) error {
	_, err := l.conn.Write(frame)

	return err
}

// receive waits for a message and returns its stamp. It answers what else comes.
func (l *line) receive() (uint64, error) {
	for {
		e, err := l.event()
		if err != nil {
			return 0, err
		}
		if len(e.payload) >= stampSize {
			return e.stamp()
		}
	}
}

// response waits for the answer to a message that wanted one.
func (l *line) response() error {
	for {
		if e, err := l.event(); err != nil || e.response {
			return err
		}
	}
}

// event waits for anything, and answers it if the protocol wants that. The payload is valid until
// the next call.
func (l *line) event() (event, error) {
	for {
		if l.r < l.w {
			e, n, err := l.proto.next(l.in[l.r:l.w])
			l.r += n // behind an answer that says no, the connection goes on
			if err != nil {
				return event{}, err
			}
			if n > 0 {
				if e.reply != nil {
					err = l.write(e.reply)
				}

				return e, err
			}
		}
		if err := l.fill(); err != nil {
			return event{}, err
		}
	}
}

// fill reads what has arrived.
func (l *line) fill() error {
	switch {
	case l.r == l.w:
		l.r, l.w = 0, 0
	case l.w == len(l.in):
		l.w = copy(l.in, l.in[l.r:l.w])
		l.r = 0
	}
	if l.w == len(l.in) {
		if l.w > longestFrame {
			return errTooLong
		}
		l.in = append(l.in, make([]byte, max(firstBuffer, len(l.in)))...)
	}
	n, err := l.conn.Read(l.in[l.w:])
	l.w += n
	if n > 0 {
		return nil
	}

	return err
}

func (l *line) close() { _ = l.conn.Close() }

func (l *line) String() string { return fmt.Sprintf("user %d", l.user) }

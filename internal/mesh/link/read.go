package link

import (
	"errors"
	"fmt"

	"github.com/parley-dm/parley/wire"
)

// ErrGoodbye is what Run returns when the other side has stopped.
var ErrGoodbye = errors.New("link: the other side has stopped")

// Run reads until the link ends, and returns why. It must be called once, for every link. When it returns, nothing is handed to
// the receiver any more, and no goroutine of the link is left.
func (l *Link) Run(r Receiver) error {
	err := l.read(r)
	l.Close(err)
	l.drains.Wait()
	l.in = intake{}
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.why
}

func (l *Link) read(r Receiver) error {
	for {
		if len(l.in.bytes()) > 0 {
			l.cork()
			err := l.handArrived(r)
			l.uncork()
			if err != nil {
				return err
			}
		}
		n, err := l.fill()
		if n == 0 && err != nil {
			return err
		}
		l.in.arrived(n) // an error comes again
	}
}

// fill waits until something arrives and reads it, with one call for all that has.
func (l *Link) fill() (int, error) {
	if l.sock.Usable() {
		return l.sock.Read(&l.in)
	}

	return l.conn.Read(l.in.Space())
}

// handArrived hands over the frames that have arrived.
func (l *Link) handArrived(r Receiver) error {
	for {
		body, n, err := wire.Split(l.in.bytes(), l.limit)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		if n == 0 {
			l.in.want(l.limit)

			return nil
		}
		l.in.handled(n)
		over, err := hand(body, r)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
		if over {
			return ErrGoodbye
		}
	}
}

// ErrProtocol says that the other side has sent what no node sends.
var ErrProtocol = errors.New("link: protocol error")

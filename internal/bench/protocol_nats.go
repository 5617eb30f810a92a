package bench

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// natsProtocol is that of plain NATS clients: a user subscribes to its own subject, and a sender
// publishes to that subject. The generator speaks the protocol itself, so that the generator costs
// the same for every kind of server.
type natsProtocol struct{}

const natsSubject = "user."

var errNATS = errors.New("the NATS server sends what was not expected")

func natsUser(user uint32) string { return natsSubject + strconv.FormatUint(uint64(user), 10) }

// asyncRouting: the other server learns of a subscription a moment after its own server has
// acknowledged it.
func (natsProtocol) asyncRouting() bool { return true }

func (natsProtocol) login(c *conn, user uint32) error {
	if err := natsUntil(c, "INFO "); err != nil {
		return err
	}
	begin := `CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1","protocol":1}` + "\r\nSUB " + natsUser(user) + " 1\r\nPING\r\n"
	if err := c.write([]byte(begin)); err != nil {
		return err
	}

	return natsUntil(c, "PONG")
}

// natsUntil reads lines until one begins with prefix, and answers pings.
func natsUntil(c *conn, prefix string) error {
	for {
		text, _, whole := bytes.Cut(c.buf[c.r:c.w], []byte("\r\n"))
		if !whole {
			if err := c.fill(); err != nil {
				return fmt.Errorf("no %s from the NATS server: %w", strings.TrimSpace(prefix), err)
			}

			continue
		}
		found := bytes.HasPrefix(text, []byte(prefix))
		e, n, err := natsProtocol{}.next(c.buf[c.r:c.w])
		if err != nil {
			return err
		}
		c.r += n
		if e.reply != nil {
			if err := c.write(e.reply); err != nil {
				return err
			}
		}
		if found {
			return nil
		}
	}
}

func (natsProtocol) message(to uint32, size int) template {
	frame := fmt.Appendf(nil, "PUB %s %d\r\n", natsUser(to), size)
	at := len(frame)
	frame = append(append(frame, make([]byte, size)...), "\r\n"...)

	return template{frame: frame, payload: at}
}

// next reads one operation: MSG subject sid [reply-to] size, or one that is a line of its own.
func (natsProtocol) next(buf []byte) (event, int, error) {
	text, _, whole := bytes.Cut(buf, []byte("\r\n"))
	if !whole {
		return event{}, 0, nil
	}
	n := len(text) + len("\r\n")
	switch {
	case bytes.HasPrefix(text, []byte("MSG ")):
		size, ok := trailingNumber(text)
		if !ok || size > maxFrame {
			return event{}, 0, errNATS
		}
		end := n + size
		if len(buf) < end+len("\r\n") {
			return event{}, 0, nil
		}

		return event{payload: buf[n:end:end]}, end + len("\r\n"), nil
	case string(text) == "PING":
		return event{reply: []byte("PONG\r\n")}, n, nil
	case string(text) == "PONG", string(text) == "+OK", bytes.HasPrefix(text, []byte("INFO ")):
		return event{}, n, nil
	case bytes.HasPrefix(text, []byte("-ERR")):
		return event{}, 0, fmt.Errorf("the NATS server says %s", text)
	}

	return event{}, 0, errNATS
}

// trailingNumber is the decimal number at the end of a line.
func trailingNumber(text []byte) (n int, ok bool) {
	digits := text[bytes.LastIndexByte(text, ' ')+1:]
	if len(digits) == 0 || len(digits) > 8 {
		return 0, false
	}
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int(d-'0')
	}

	return n, true
}

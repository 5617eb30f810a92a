package bench

import (
	"encoding/binary"
	"fmt"
)

// relayProtocol is that of the bare relay (relay.go): a user is a number.
type relayProtocol struct{}

func (relayProtocol) asyncRouting() bool { return false }

func (p relayProtocol) login(c *conn, user uint32) error {
	if err := c.write(p.message(user, 0).frame); err != nil {
		return err
	}
	for c.w-c.r < relayHeader {
		if err := c.fill(); err != nil {
			return fmt.Errorf("no answer from the relay: %w", err)
		}
	}
	c.r += relayHeader

	return nil
}

func (relayProtocol) message(to uint32, size int) template {
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+size))
	frame = binary.BigEndian.AppendUint32(frame, to)

	return template{frame: append(frame, make([]byte, size)...), payload: relayHeader}
}

func (relayProtocol) next(buf []byte) (event, int, error) {
	if len(buf) < relayHeader {
		return event{}, 0, nil
	}
	n := 4 + int(binary.BigEndian.Uint32(buf))
	switch {
	case n < relayHeader || n > maxFrame:
		return event{}, 0, errRelay
	case len(buf) < n:
		return event{}, 0, nil
	}

	return event{payload: buf[relayHeader:n:n]}, n, nil
}

package bench

import (
	"encoding/binary"
	"fmt"
)

// relayProtocol is that of the bare relay (relay.go): a user is a number.
type relayProtocol struct{}

func (relayProtocol) unsure() bool { return false }

func (p relayProtocol) login(l *line, user uint32) error {
	if err := l.write(p.message(user, 0).frame); err != nil {
		return err
	}
	for l.w-l.r < relayHead {
		if err := l.fill(); err != nil {
			return fmt.Errorf("no answer from the relay: %w", err)
		}
	}
	l.r += relayHead

	return nil
}

func (relayProtocol) message(to uint32, size int) template {
	frame := binary.BigEndian.AppendUint32(nil, uint32(4+size))
	frame = binary.BigEndian.AppendUint32(frame, to)

	return template{frame: append(frame, make([]byte, size)...), payload: relayHead}
}

func (relayProtocol) next(buf []byte) (event, int, error) {
	if len(buf) < relayHead {
		return event{}, 0, nil
	}
	n := 4 + int(binary.BigEndian.Uint32(buf))
	switch {
	case n < relayHead || n > longestFrame:
		return event{}, 0, errRelay
	case len(buf) < n:
		return event{}, 0, nil
	}

	return event{payload: buf[relayHead:n:n]}, n, nil
}

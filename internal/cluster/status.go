package cluster

import (
	"encoding/binary"
	"errors"

	"github.com/parley-dm/parley/internal/node"
)

// A status on a link, big-endian:
//
//	1 | state u8 | since u64 | { incarnation u64 | since u64 | leaving u8 | n u8 | n bytes of name }...
const packetStatus byte = 1

const (
	maxName    = 128
	statusHead = 2 + 8
	memberHead = 8 + 8 + 1 + 1
)

var errMalformed = errors.New("a status that cannot be read")

func (s status) append(b []byte) []byte {
	b = append(b, packetStatus, byte(s.state))
	b = binary.BigEndian.AppendUint64(b, s.since)
	for _, m := range s.members {
		b = binary.BigEndian.AppendUint64(b, m.id.Incarnation)
		b = binary.BigEndian.AppendUint64(b, m.since)
		going := byte(0)
		if m.leaving {
			going = 1
		}
		b = append(b, going, byte(len(m.id.Name)))
		b = append(b, m.id.Name...)
	}

	return b
}

func parseStatus(b []byte) (s status, err error) {
	if len(b) < statusHead || b[0] != packetStatus || state(b[1]) > leaving {
		return s, errMalformed
	}
	s.state, s.since = state(b[1]), binary.BigEndian.Uint64(b[2:])
	for b = b[statusHead:]; len(b) > 0; {
		if len(b) < memberHead {
			return status{}, errMalformed
		}
		m := memberInfo{
			id:    node.ID{Incarnation: binary.BigEndian.Uint64(b)},
			since: binary.BigEndian.Uint64(b[8:]), leaving: b[16] == 1,
		}
		n := int(b[17])
		b = b[memberHead:]
		if n == 0 || n > maxName || n > len(b) || m.id.Incarnation == 0 {
			return status{}, errMalformed
		}
		m.id.Name = string(b[:n])
		b = b[n:]
		s.members = append(s.members, m)
	}

	return s, nil
}

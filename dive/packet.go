package dive

import (
	"encoding/binary"
	"errors"

	"github.com/parley-dm/parley/internal/mesh"
)

// Packets between directories, big-endian. A name is n u8 | n bytes.
//
//	claims (barrier, its answer)  1 | (stamp u64 | user name | sid name)*
//	count (question)              2; the answer is how many users were claimed there when the two met, u64
//	missed                        3 | token u64
//	forward                       4 | incarnation u64 | node name | token u64 | user name | packet
//
// A find is token u64 | packet.
const (
	packetClaims byte = 1 + iota
	packetCount
	packetMissed
	packetForward
)

const (
	maxNameLength = 255
	uint64Size    = 8
	// maxGroup is the length of the longest packet of claims.
	maxGroup = mesh.SafePacket - 1024
)

var errMalformed = errors.New("dive: malformed packet")

// claimed is a claim on the wire.
type wireClaim struct {
	user, sid string
	stamp     mesh.Stamp
}

func (c wireClaim) size() int { return uint64Size + 2 + len(c.user) + len(c.sid) }

func (c wireClaim) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(c.stamp))
	dst = appendName(dst, c.user)

	return appendName(dst, c.sid)
}

// eachClaim calls f for every claim of a packet.
func eachClaim(packet []byte, f func(c wireClaim)) error {
	if len(packet) == 0 || packet[0] != packetClaims {
		return errMalformed
	}
	for b := packet[1:]; len(b) > 0; {
		if len(b) < uint64Size {
			return errMalformed
		}
		stamp := mesh.Stamp(binary.BigEndian.Uint64(b))
		user, rest, ok := cutName(b[uint64Size:])
		if !ok {
			return errMalformed
		}
		sid, rest, ok := cutName(rest)
		if !ok {
			return errMalformed
		}
		f(wireClaim{string(user), string(sid), stamp})
		b = rest
	}

	return nil
}

func appendName(dst []byte, s string) []byte { return append(append(dst, byte(len(s))), s...) }

func cutName(b []byte) (name, rest []byte, ok bool) {
	if len(b) == 0 || b[0] == 0 || len(b) <= int(b[0]) {
		return nil, nil, false
	}

	return b[1 : 1+int(b[0])], b[1+int(b[0]):], true
}

func appendNumber(kind byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kind}, n)
}

func appendForward(dst []byte, user string, f find) []byte {
	dst = append(dst, packetForward)
	dst = binary.BigEndian.AppendUint64(dst, f.from.Incarnation)
	dst = appendName(dst, f.from.Name)
	dst = binary.BigEndian.AppendUint64(dst, f.token)
	dst = appendName(dst, user)

	return append(dst, f.packet...)
}

// parseForward takes the packet after its first byte.
func parseForward(b []byte) (user string, f find, err error) {
	if len(b) < uint64Size {
		return "", find{}, errMalformed
	}
	f.from.Incarnation = binary.BigEndian.Uint64(b)
	name, b, ok := cutName(b[uint64Size:])
	if !ok || len(b) < uint64Size {
		return "", find{}, errMalformed
	}
	f.from.Name = string(name)
	f.token = binary.BigEndian.Uint64(b)
	id, b, ok := cutName(b[uint64Size:])
	if !ok {
		return "", find{}, errMalformed
	}
	f.packet = b

	return string(id), f, nil
}

package directory

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/parley-dm/parley/internal/node"
)

// kind is the first byte of a packet. Integers are big-endian; user is n u8 | n bytes; place is
// n u8 | n bytes of node name | incarnation u64 | SID.
type kind uint8

const (
	kindAnnounce   kind = 1 + iota // num u32 | echo u32 | view u64
	kindRegister                   // one or more of: SID | stamp u64 | user
	kindUnregister                 // one or more of: SID | epoch u64 | user
	kindClaim                      // again u8 | num u32 | view u64 | stamp u64 | SID | user
	kindConfirm                    // num u32 | stamp u64 | SID | user
	kindReplaced                   // SID | place | user
	kindRefuse                     // num u32 | SID | user: the claim could not be decided in time
	kindEvict                      // SID | place | user
	kindEvicted                    // SID | epoch u64 | user
	kindLookup                     // token u64 | num u32 | view u64 | user
	kindFound                      // token u64 | place
	kindNotFound                   // token u64
	kindFailed                     // token u64 | num u32: the lookup could not be decided in time
)

// message is a decoded packet, or one item of a batch.
type message struct {
	kind  kind
	again bool // the claim of a session that was confirmed before a pause
	owned bool // user may be retained; otherwise it is part of a packet
	num   uint32
	echo  uint32
	view  uint64
	token uint64
	stamp node.Stamp // or the newest epoch
	sid   node.SID
	user  string
	next  node.ID // of the place
	at    node.SID
}

var errMalformed = errors.New("malformed packet")

// append encodes m, without the kind: batches have one kind for all items.
func (m *message) append(b []byte) []byte {
	switch m.kind {
	case kindAnnounce:
		b = binary.BigEndian.AppendUint32(b, m.num)
		b = binary.BigEndian.AppendUint32(b, m.echo)

		return binary.BigEndian.AppendUint64(b, m.view)
	case kindClaim:
		again := byte(0)
		if m.again {
			again = 1
		}
		b = binary.BigEndian.AppendUint32(append(b, again), m.num)
		b = binary.BigEndian.AppendUint64(b, m.view)
		b = binary.BigEndian.AppendUint64(b, uint64(m.stamp))
		b = append(b, m.sid[:]...)
	case kindConfirm:
		b = binary.BigEndian.AppendUint32(b, m.num)
		b = binary.BigEndian.AppendUint64(b, uint64(m.stamp))
		b = append(b, m.sid[:]...)
	case kindRegister, kindUnregister, kindEvicted:
		b = append(b, m.sid[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(m.stamp))
	case kindReplaced, kindEvict:
		b = m.appendPlace(append(b, m.sid[:]...))
	case kindRefuse:
		b = append(binary.BigEndian.AppendUint32(b, m.num), m.sid[:]...)
	case kindLookup:
		b = binary.BigEndian.AppendUint64(b, m.token)
		b = binary.BigEndian.AppendUint32(b, m.num)
		b = binary.BigEndian.AppendUint64(b, m.view)
	case kindFound:
		return m.appendPlace(binary.BigEndian.AppendUint64(b, m.token))
	case kindNotFound:
		return binary.BigEndian.AppendUint64(b, m.token)
	case kindFailed:
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(b, m.token), m.num)
	}

	return append(append(b, byte(len(m.user))), m.user...)
}

func (m *message) appendPlace(b []byte) []byte {
	b = append(append(b, byte(len(m.next.Name))), m.next.Name...)
	b = binary.BigEndian.AppendUint64(b, m.next.Incarnation)

	return append(b, m.at[:]...)
}

// decode reads one message of that kind and returns what follows it.
func (m *message) decode(k kind, b []byte) (rest []byte, err error) {
	*m = message{kind: k}
	r := reader{node.Reader{B: b}}
	switch k {
	case kindAnnounce:
		m.num, m.echo, m.view = r.U32(), r.U32(), r.U64()
	case kindClaim:
		again := r.U8()
		r.Bad = r.Bad || again > 1
		m.again, m.num, m.view, m.stamp, m.sid, m.user = again == 1, r.U32(), r.U64(), node.Stamp(r.U64()), r.SID(), r.user()
	case kindConfirm:
		m.num, m.stamp, m.sid, m.user = r.U32(), node.Stamp(r.U64()), r.SID(), r.user()
	case kindRegister, kindUnregister, kindEvicted:
		m.sid, m.stamp, m.user = r.SID(), node.Stamp(r.U64()), r.user()
	case kindReplaced, kindEvict:
		m.sid = r.SID()
		r.place(m)
		m.user = r.user()
	case kindRefuse:
		m.num, m.sid, m.user = r.U32(), r.SID(), r.user()
	case kindLookup:
		m.token, m.num, m.view, m.user = r.U64(), r.U32(), r.U64(), r.user()
	case kindFound:
		m.token = r.U64()
		r.place(m)
	case kindNotFound:
		m.token = r.U64()
	case kindFailed:
		m.token, m.num = r.U64(), r.U32()
	default:
		r.Bad = true
	}
	if r.Bad {
		return nil, errMalformed
	}

	return r.B, nil
}

// batched tells whether a packet of this kind may carry several items.
func (k kind) batched() bool { return k == kindRegister || k == kindUnregister }

// reader is a node.Reader of the fields that only the directory has.
type reader struct{ node.Reader }

// user returns a string that shares the packet's memory: it is valid until the packet is handled.
func (r *reader) user() string {
	n := int(r.U8())
	if n == 0 || n > MaxUserID {
		r.Bad = true

		return ""
	}

	return borrowed(r.Take(n))
}

func (r *reader) place(m *message) {
	m.next.Name = borrowed(r.Take(int(r.U8())))
	m.next.Incarnation = r.U64()
	m.at = r.SID()
	r.Bad = r.Bad || m.next.IsZero()
}

// borrowed returns the bytes as a string without a copy. What is kept of a packet is cloned.
func borrowed(b []byte) string {
	if len(b) == 0 {
		return ""
	}

	return unsafe.String(&b[0], len(b)) //nolint:gosec // hot path: a lookup makes no copy of its user ID
}

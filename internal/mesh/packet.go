package mesh

import (
	"encoding/binary"
	"errors"
)

// kind says what a packet between two nodes is. Part of the wire between nodes.
type kind uint8

const (
	kindPacket  kind = 1 + iota // body: what Send was given
	kindFind                    // body: what Find was given
	kindBeat                    // no body
	kindMeet                    // body: meeting
	kindGoodbye                 // no body
	kindBarrier                 // body: number u64, then what Barrier was given
	kindAnswer                  // body: number u64, then what HandleBarrier returned
	kindMark                    // body: link u64; what follows for the port of a Send comes on that link
	kindCall                    // no body; the receiver is to open a link to the sender
)

// header stands before every packet between two nodes, big-endian:
//
//	kind u8 | port u8 | stamp u64 | incarnation u64 | n u8 | n bytes of the node's name
type header struct {
	kind  kind
	port  Port
	stamp Stamp
	inc   uint64
	name  []byte // aliases the packet
}

const (
	headerFixed = 1 + 1 + 8 + 8 + 1
	// maxName is the length of the longest node name.
	maxName   = 128
	maxHeader = headerFixed + maxName
)

var errMalformed = errors.New("mesh: malformed packet")

func appendHeader(dst []byte, k kind, port Port, stamp Stamp, from NodeID) []byte {
	dst = append(dst, byte(k), byte(port))
	dst = binary.BigEndian.AppendUint64(dst, uint64(stamp))
	dst = appendNode(dst, from)

	return dst
}

func parseHeader(packet []byte) (header, []byte, error) {
	if len(packet) < headerFixed {
		return header{}, nil, errMalformed
	}
	h := header{kind: kind(packet[0]), port: Port(packet[1]), stamp: Stamp(binary.BigEndian.Uint64(packet[2:]))}
	var rest []byte
	var ok bool
	h.inc, h.name, rest, ok = cutNode(packet[10:])
	if !ok || h.kind < kindPacket || h.kind > kindCall {
		return header{}, nil, errMalformed
	}

	return h, rest, nil
}

// node is the sender's NodeID. It allocates: packets of nodes that are up are matched by incarnation.
func (h header) node() NodeID { return NodeID{Name: string(h.name), Incarnation: h.inc} }

// appendNode appends incarnation u64 | n u8 | name.
func appendNode(dst []byte, n NodeID) []byte {
	dst = binary.BigEndian.AppendUint64(dst, n.Incarnation)
	dst = append(dst, byte(len(n.Name)))

	return append(dst, n.Name...)
}

func cutNode(b []byte) (inc uint64, name, rest []byte, ok bool) {
	const fixed = 9
	if len(b) < fixed {
		return 0, nil, nil, false
	}
	inc = binary.BigEndian.Uint64(b)
	n := int(b[8])
	if inc == 0 || n == 0 || n > maxName || len(b) < fixed+n {
		return 0, nil, nil, false
	}

	return inc, b[fixed : fixed+n], b[fixed+n:], true
}

// meeting is the body of kindMeet: how the two nodes of a pair see each other, and whom the sender knows.
//
//	flags u8 (1: answer me, 2: my links are encrypted) | mine u64 | yours u64 | count u16
//	| count × (incarnation u64 | n u8 | name) | n u8 | n bytes: where my links come in
type meeting struct {
	ask     bool
	mine    Stamp // the sender's epoch of the pair: changes whenever it has declared the receiver down; 0: not told
	yours   Stamp // the receiver's epoch as the sender was last told; 0: it was not
	members []NodeID
	door    door // the sender's; without an address: it has no links
}

const (
	meetingFixed = 1 + 8 + 8 + 2
	flagAsk      = 1
	flagTLS      = 2
	maxAddr      = 255
)

func (m meeting) encode() []byte {
	var flags byte
	if m.ask {
		flags = flagAsk
	}
	if m.door.tls {
		flags |= flagTLS
	}
	dst := binary.BigEndian.AppendUint64([]byte{flags}, uint64(m.mine))
	dst = binary.BigEndian.AppendUint64(dst, uint64(m.yours))
	members := m.members
	if len(members) > maxMembers {
		members = members[:maxMembers]
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(members)))
	for _, n := range members {
		dst = appendNode(dst, n)
	}
	addr := m.door.addr
	if len(addr) > maxAddr {
		addr = ""
	}
	dst = append(dst, byte(len(addr)))

	return append(dst, addr...)
}

// maxMembers bounds the list in a meeting to what fits into the smallest packet.
const maxMembers = 400

func parseMeeting(b []byte) (meeting, error) {
	if len(b) < meetingFixed {
		return meeting{}, errMalformed
	}
	m := meeting{
		ask:   b[0]&flagAsk != 0,
		mine:  Stamp(binary.BigEndian.Uint64(b[1:])),
		yours: Stamp(binary.BigEndian.Uint64(b[9:])),
		door:  door{tls: b[0]&flagTLS != 0},
	}
	count := int(binary.BigEndian.Uint16(b[17:]))
	if count > maxMembers {
		return meeting{}, errMalformed
	}
	b = b[meetingFixed:]
	for range count {
		inc, name, rest, ok := cutNode(b)
		if !ok {
			return meeting{}, errMalformed
		}
		m.members = append(m.members, NodeID{Name: string(name), Incarnation: inc})
		b = rest
	}
	if len(b) == 0 || len(b) != 1+int(b[0]) {
		return meeting{}, errMalformed
	}
	m.door.addr = string(b[1:])

	return m, nil
}

package link

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/parley-dm/parley/internal/node"
)

// Messages of the handshake, inside TLS. Each is length u16 (of what follows) | kind u8 | payload.
//
//	dialer → acceptor   hello     version u8 | nonce 32 bytes | incarnation of the wanted u64 (0: any) | node
//	acceptor → dialer   welcome   version u8 | nonce 32 bytes | node
//	dialer → acceptor   request   proof 32 bytes | purpose u8 | attempt u64 | ended u64 | current u64 | received u64
//	                              | standing u8 | address
//	acceptor → dialer   response  proof 32 bytes | status u8 | ended u64 | current u64 | received u64
//	                              | address | text
//	acceptor → dialer   refusal   status u8 | text          (instead of welcome or response)
//
//	node     incarnation u64 | n u8 | n bytes of name
//	address  n u16 | n bytes
//	text     n u16 | n bytes, for a log
const (
	msgHello    = 1
	msgWelcome  = 2
	msgRequest  = 3
	msgResponse = 4
	msgRefusal  = 5
)

const (
	// Version is that of the protocol between nodes.
	Version = 2

	nonceSize = 32
	proofSize = sha256.Size
	// maxMessage is the longest message of a handshake.
	maxMessage = 1 << 10
	// maxText is the longest text, and the longest address.
	maxText = 256
)

// purpose is what a dialer wants.
type purpose uint8

const (
	purposeLink      purpose = 1 + iota // create a link or resume it: the lower node's
	purposeAsk                          // be dialed: the higher node's
	purposeIntroduce                    // learn which node this is
)

// status is an acceptor's answer.
type status uint8

const (
	statusOK status = iota
	statusVersion
	statusSecret
	statusWrongNode
	statusSelf
	statusEnded    // the number named has ended here
	statusReserved // not in use; a response or refusal with it is malformed
	statusBusy
	statusMalformed
	statuses
)

var statusErrors = [statuses]error{
	statusVersion: ErrVersion, statusSecret: ErrSecret, statusWrongNode: ErrWrongNode, statusSelf: ErrSelf,
	statusEnded: errEnded, statusBusy: ErrBusy, statusMalformed: errMalformed,
}

type nonce [nonceSize]byte

type hello struct {
	version uint8
	nonce   nonce
	wanted  uint64 // incarnation; 0: any
	self    node.ID
}

type welcome struct {
	version uint8
	nonce   nonce
	self    node.ID
}

// request is the purpose of a dial and the state of the dialer's link.
type request struct {
	proof    [proofSize]byte
	purpose  purpose
	attempt  uint64 // counts a dialer's handshakes; of an ask: the attempt whose connection broke
	ended    uint64 // the highest number ended
	current  uint64 // the number of its link; 0: none
	received uint64 // numbered frames of it
	standing bool   // false: it is being created
	addr     string
}

type response struct {
	proof    [proofSize]byte
	status   status
	ended    uint64
	current  uint64
	received uint64
	addr     string
	text     string
}

type refusal struct {
	status status
	text   string
}

func appendNode(dst []byte, n node.ID) []byte {
	dst = binary.BigEndian.AppendUint64(dst, n.Incarnation)
	dst = append(dst, byte(len(n.Name)))

	return append(dst, n.Name...)
}

func appendText(dst []byte, s string) []byte {
	s = s[:min(len(s), maxText)]
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(s)))

	return append(dst, s...)
}

// message completes the message that begins at the start of b.
func message(b []byte) []byte {
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))

	return b
}

func begin(kind byte) []byte { return append(make([]byte, 2, maxMessage), kind) }

func (m *hello) encode() []byte {
	b := append(begin(msgHello), m.version)
	b = append(b, m.nonce[:]...)
	b = binary.BigEndian.AppendUint64(b, m.wanted)

	return message(appendNode(b, m.self))
}

func (m *welcome) encode() []byte {
	b := append(begin(msgWelcome), m.version)
	b = append(b, m.nonce[:]...)

	return message(appendNode(b, m.self))
}

func (m *request) encode() []byte {
	b := append(begin(msgRequest), m.proof[:]...)
	b = append(b, byte(m.purpose))
	b = binary.BigEndian.AppendUint64(b, m.attempt)
	b = binary.BigEndian.AppendUint64(b, m.ended)
	b = binary.BigEndian.AppendUint64(b, m.current)
	b = binary.BigEndian.AppendUint64(b, m.received)
	b = appendBool(b, m.standing)

	return message(appendText(b, m.addr))
}

func (m *response) encode() []byte {
	b := append(begin(msgResponse), m.proof[:]...)
	b = append(b, byte(m.status))
	b = binary.BigEndian.AppendUint64(b, m.ended)
	b = binary.BigEndian.AppendUint64(b, m.current)
	b = binary.BigEndian.AppendUint64(b, m.received)
	b = appendText(b, m.addr)

	return message(appendText(b, m.text))
}

func (m *refusal) encode() []byte {
	return message(appendText(append(begin(msgRefusal), byte(m.status)), m.text))
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}

	return append(b, 0)
}

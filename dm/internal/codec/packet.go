package codec

import (
	"encoding/binary"
	"errors"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/node"
)

// What nodes say to each other about direct messages. All numbers are big-endian; a SID is its 16
// bytes, a name one byte of length and its bytes.
//
// The packet "find" is a core.Carry: the first message to a place that a lookup has found, which
// opens the channel. It looks nothing up itself; its name is that of the public dm.FindData, and
// dm.SendData is all that follows. Arrival.Found tells the two apart.
//
// An item is a core.Kind, and 0x80 besides if its sender does not wait for the answer, 0x40 if its
// sender is a blank user.
//
//	find      1 | item u8 | sender SID | recipient SID | epoch u64 | heard u64 | FindData
//	send      2 | item u8 | sender SID | recipient SID | epoch u64 | heard u64 | seq u32 | SendData
//	answer    3 | outcome u8 | sender SID | recipient SID | epoch u64 | seq u32 | since u32 | newest u64 | recipient's user ID
//	handover  4 | newer SID | user ID (name) | older SID | { peer (name) | its SID | newest u64 | incarnation u64 | node (name) }...
//	relocate  5 | peer SID | older SID | newer SID | incarnation u64 | node (name) | user ID
const (
	packetFind byte = iota + 1
	packetSend
	packetAnswer
	packetHandover
	packetRelocate
)

const (
	flagNoReply = 0x80 // of an item whose answer may travel with the next packet that goes the same way
	flagBlank   = 0x40 // of an item of a blank user
)

// ErrMalformed is the error of a packet that is none.
var ErrMalformed = errors.New("dm: malformed packet")

// Type is what a packet is.
type Type uint8

// The types of packets.
const (
	Malformed    Type = iota // none
	ItemType                 // see ParseItem
	AnswerType               // see ParseAnswer
	HandoverType             // see ParseHandover
	RelocateType             // see ParseRelocation
)

// TypeOf tells by its first byte what a packet is.
func TypeOf(packet []byte) Type {
	if len(packet) == 0 {
		return Malformed
	}
	switch packet[0] {
	case packetFind, packetSend:
		return ItemType
	case packetAnswer:
		return AnswerType
	case packetHandover:
		return HandoverType
	case packetRelocate:
		return RelocateType
	}

	return Malformed
}

// Item is an item on its way to its recipient. Its slices may alias a packet.
type Item struct {
	core.Arrival

	To        core.SID // the recipient's session
	Sender    []byte   // user ID
	Recipient []byte   // user ID
	Ver       uint8
	Cmd       uint16
	Message   []byte
}

// AppendItem appends the packet of a Carry, with data as FindData, or a Transmit, with data as
// SendData.
func AppendItem(b []byte, from core.SID, blank bool, e *core.Effect, data *FindData) ([]byte, error) {
	kind, found := byte(e.Item.Kind), e.Kind == core.Carry
	if blank {
		kind |= flagBlank
	}
	if e.NoReply && !found {
		kind |= flagNoReply
	}
	if found {
		b = append(b, packetFind, kind)
	} else {
		b = append(b, packetSend, kind)
	}
	b = append(b, from[:]...)
	b = append(b, e.To.SID[:]...)
	b = binary.BigEndian.AppendUint64(b, e.Epoch)
	b = binary.BigEndian.AppendUint64(b, e.Heard)
	if found {
		return data.AppendBinary(b)
	}
	b = binary.BigEndian.AppendUint32(b, e.Seq)
	send := SendData{MyUserID: data.MyUserID, YourUserID: data.YourUserID, Ver: data.Ver, Cmd: data.Cmd, Message: data.Message}

	return send.AppendBinary(b)
}

// ParseItem reads an item that came from a node. Its slices alias the packet.
func ParseItem(from core.Node, packet []byte) (in Item, err error) {
	r := node.Reader{B: packet}
	in.Found = r.U8() == packetFind
	kind := r.U8()
	in.Blank = kind&flagBlank != 0
	in.NoReply = !in.Found && kind&flagNoReply != 0
	kind &^= flagBlank
	if !in.Found {
		kind &^= flagNoReply
	}
	in.Kind = core.Kind(kind)
	in.From = core.Place{Node: from, SID: r.SID()}
	in.To = r.SID()
	in.Epoch, in.Heard = r.U64(), r.U64()
	if !in.Found {
		in.Seq = r.U32()
	}
	if r.Bad || !in.Kind.Known() || in.Blank && in.Kind.Ends() {
		return in, ErrMalformed
	}
	v, err := parseData(r.B, in.Found)
	if err != nil {
		return in, err
	}
	in.Sender, in.Recipient, in.Ver, in.Cmd, in.Message = v.my, v.your, v.ver, v.cmd, v.message

	return in, nil
}

// Answer is a reply to an item, as it travels.
type Answer struct {
	core.Reply

	To core.SID // the sender's session
	By []byte   // the recipient's user ID
}

// AnswerTo is the answer to one arrival alone, of the user by, whose session is at place. Answers
// that concern other items, too, are made by the core.
func AnswerTo(a *core.Arrival, o core.Outcome, place core.Place, by []byte) Answer {
	return Answer{
		Reply: core.Reply{Epoch: a.Epoch, Seq: a.Seq, Since: a.Seq, Outcome: o, Place: place},
		To:    a.From.SID, By: by,
	}
}

// Append appends the packet of an answer.
func (a *Answer) Append(b []byte) []byte {
	b = append(b, packetAnswer, byte(a.Outcome))
	b = append(b, a.To[:]...)
	b = append(b, a.Place.SID[:]...)
	b = binary.BigEndian.AppendUint64(b, a.Epoch)
	b = binary.BigEndian.AppendUint32(b, a.Seq)
	b = binary.BigEndian.AppendUint32(b, a.Since)
	b = binary.BigEndian.AppendUint64(b, a.Newest)

	return append(b, a.By...)
}

// ParseAnswer reads an answer that came from a node. Its slices alias the packet.
func ParseAnswer(from core.Node, packet []byte) (a Answer, err error) {
	r := node.Reader{B: packet[1:]}
	a.Outcome = core.Outcome(r.U8())
	a.To = r.SID()
	a.Place = core.Place{Node: from, SID: r.SID()}
	a.Epoch, a.Seq, a.Since, a.Newest = r.U64(), r.U32(), r.U32(), r.U64()
	if r.Bad || !a.Outcome.Answer() {
		return a, ErrMalformed
	}
	a.By = r.B

	return a, nil
}

// AppendHandover appends the packet of a handover.
func AppendHandover(b []byte, h *core.Handover) []byte {
	b = append(b, packetHandover)
	b = append(b, h.Now[:]...)
	b = appendName(b, h.User)
	b = append(b, h.Old[:]...)
	for _, k := range h.Channels {
		b = appendName(b, k.Peer)
		b = append(b, k.At.SID[:]...)
		b = binary.BigEndian.AppendUint64(b, k.Newest)
		b = appendNode(b, k.At.Node)
	}

	return b
}

// ParseHandover reads a handover.
func ParseHandover(packet []byte) (*core.Handover, error) {
	r := node.Reader{B: packet[1:]}
	h := &core.Handover{Now: r.SID(), User: string(r.Name()), Old: r.SID()}
	for len(r.B) > 0 && !r.Bad {
		k := core.Handed{Peer: string(r.Name()), At: core.Place{SID: r.SID()}, Newest: r.U64()}
		k.At.Node.Incarnation, k.At.Node.Name = r.U64(), string(r.Name())
		h.Channels = append(h.Channels, k)
	}
	if r.Bad {
		return nil, ErrMalformed
	}

	return h, nil
}

// AppendRelocation appends the packet of a relocation.
func AppendRelocation(b []byte, l *core.Relocation) []byte {
	b = append(b, packetRelocate)
	b = append(b, l.Peer[:]...)
	b = append(b, l.Old[:]...)
	b = append(b, l.Now.SID[:]...)
	b = appendNode(b, l.Now.Node)

	return append(b, l.User...)
}

// ParseRelocation reads a relocation.
func ParseRelocation(packet []byte) (*core.Relocation, error) {
	r := node.Reader{B: packet[1:]}
	l := &core.Relocation{Peer: r.SID(), Old: r.SID(), Now: core.Place{SID: r.SID()}}
	l.Now.Node.Incarnation, l.Now.Node.Name = r.U64(), string(r.Name())
	if l.User = string(r.B); r.Bad {
		return nil, ErrMalformed
	}

	return l, nil
}

func appendName(b []byte, s string) []byte { return append(append(b, byte(len(s))), s...) }

func appendNode(b []byte, n core.Node) []byte {
	return appendName(binary.BigEndian.AppendUint64(b, n.Incarnation), n.Name)
}

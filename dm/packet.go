package dm

import (
	"encoding/binary"
	"errors"

	"github.com/parley-dm/parley/dm/internal/channel"
)

// What nodes say to each other about direct messages. All numbers are big-endian; a SID is its 16 bytes, a name one byte of length and
// its bytes.
//
// The item of a send is a channel.Kind, and 0x80 besides if its sender does not wait for the answer.
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

// unawaited marks an item of a send whose answer nobody waits for: it may travel with the next packet that goes the same way.
const unawaited = 0x80

var errMalformed = errors.New("dm: malformed packet")

// arrival is an item on its way to its recipient. Its slices may alias a packet.
type arrival struct {
	channel.Arrival

	to  channel.SID // the recipient's session
	lax bool        // nobody waits for the answer
	my  []byte      // the sender's user ID
	you []byte      // the recipient's user ID
	ver uint8
	cmd uint16
	msg []byte
}

func appendFind(b []byte, sid channel.SID, a *channel.Action, d *FindData) ([]byte, error) {
	b = append(b, packetFind, byte(a.Item.Kind))
	b = append(b, sid[:]...)
	b = append(b, a.To.SID[:]...)
	b = binary.BigEndian.AppendUint64(b, a.Epoch)
	b = binary.BigEndian.AppendUint64(b, a.Heard)

	return d.AppendBinary(b)
}

func appendSend(b []byte, sid channel.SID, a *channel.Action, d *SendData) ([]byte, error) {
	kind := byte(a.Item.Kind)
	if a.Item.Kind == channel.Message && a.Item.Owner == nil {
		kind |= unawaited
	}
	b = append(b, packetSend, kind)
	b = append(b, sid[:]...)
	b = append(b, a.To.SID[:]...)
	b = binary.BigEndian.AppendUint64(b, a.Epoch)
	b = binary.BigEndian.AppendUint64(b, a.Heard)
	b = binary.BigEndian.AppendUint32(b, a.Seq)

	return d.AppendBinary(b)
}

// parseArrival reads a find or a send that came from node.
func parseArrival(node channel.Node, packet []byte) (in arrival, err error) {
	r := reader{b: packet}
	in.Found = r.u8() == packetFind
	kind := r.u8()
	if !in.Found {
		in.lax = kind&unawaited != 0
		kind &^= unawaited
	}
	in.Kind = channel.Kind(kind)
	in.From = channel.Place{Node: node, SID: r.sid()}
	in.to = r.sid()
	in.Epoch, in.Heard = r.u64(), r.u64()
	if !in.Found {
		in.Seq = r.u32()
	}
	if r.bad || !in.Kind.Known() {
		return in, errMalformed
	}
	v, err := parseData(r.b, in.Found)
	if err != nil {
		return in, err
	}
	in.my, in.you, in.ver, in.cmd, in.msg = v.my, v.your, v.ver, v.cmd, v.message

	return in, nil
}

// answer is a reply to an item, as it travels.
type answer struct {
	channel.Reply

	node channel.Node // the sender's; it does not travel
	to   channel.SID  // the sender's session
	lax  bool         // its delay delays nothing; it does not travel
	by   []byte       // the recipient's user ID
}

func (a *answer) append(b []byte) []byte {
	b = append(b, packetAnswer, byte(a.Outcome))
	b = append(b, a.to[:]...)
	b = append(b, a.Place.SID[:]...)
	b = binary.BigEndian.AppendUint64(b, a.Epoch)
	b = binary.BigEndian.AppendUint32(b, a.Seq)
	b = binary.BigEndian.AppendUint32(b, a.Since)
	b = binary.BigEndian.AppendUint64(b, a.Newest)

	return append(b, a.by...)
}

// parseAnswer reads an answer that came from node. The user ID aliases the packet.
func parseAnswer(node channel.Node, packet []byte) (a answer, by []byte, err error) {
	r := reader{b: packet[1:]}
	a.Outcome = channel.Outcome(r.u8())
	a.to = r.sid()
	a.Place = channel.Place{Node: node, SID: r.sid()}
	a.Epoch, a.Seq, a.Since, a.Newest = r.u64(), r.u32(), r.u32(), r.u64()
	if r.bad || !a.Outcome.Answer() {
		return a, nil, errMalformed
	}

	return a, r.b, nil
}

// kept is a channel that a newer session takes over.
type kept struct {
	peer   string
	at     channel.Place
	newest uint64 // the newest epoch taken from the peer
}

// handover tells a user's newer session whom the older one had channels with.
type handover struct {
	userID   string
	old, now channel.SID
	channels []kept
	came     int64        // when, by Module.sweep.now; it does not travel
	moves    []relocation // of peers, told ahead of the login; they do not travel
}

func (h *handover) append(b []byte) []byte {
	b = append(b, packetHandover)
	b = append(b, h.now[:]...)
	b = appendName(b, h.userID)
	b = append(b, h.old[:]...)
	for _, k := range h.channels {
		b = appendName(b, k.peer)
		b = append(b, k.at.SID[:]...)
		b = binary.BigEndian.AppendUint64(b, k.newest)
		b = binary.BigEndian.AppendUint64(b, k.at.Node.Incarnation)
		b = appendName(b, k.at.Node.Name)
	}

	return b
}

func parseHandover(packet []byte) (h handover, err error) {
	r := reader{b: packet[1:]}
	h.now, h.userID, h.old = r.sid(), string(r.name()), r.sid()
	for len(r.b) > 0 && !r.bad {
		k := kept{peer: string(r.name()), at: channel.Place{SID: r.sid()}, newest: r.u64()}
		k.at.Node.Incarnation, k.at.Node.Name = r.u64(), string(r.name())
		h.channels = append(h.channels, k)
	}
	if r.bad {
		return handover{}, errMalformed
	}

	return h, nil
}

// relocation tells a peer's node that a user's session has been replaced.
type relocation struct {
	peer   channel.SID
	old    channel.SID
	now    channel.Place
	userID string
}

func (l *relocation) append(b []byte) []byte {
	b = append(b, packetRelocate)
	b = append(b, l.peer[:]...)
	b = append(b, l.old[:]...)
	b = append(b, l.now.SID[:]...)
	b = binary.BigEndian.AppendUint64(b, l.now.Node.Incarnation)
	b = appendName(b, l.now.Node.Name)

	return append(b, l.userID...)
}

func parseRelocation(packet []byte) (l relocation, err error) {
	r := reader{b: packet[1:]}
	l.peer, l.old, l.now.SID = r.sid(), r.sid(), r.sid()
	l.now.Node.Incarnation, l.now.Node.Name = r.u64(), string(r.name())
	if l.userID = string(r.b); r.bad {
		return relocation{}, errMalformed
	}

	return l, nil
}

func appendName(b []byte, s string) []byte {
	b = append(b, byte(len(s)))

	return append(b, s...)
}

// reader takes a packet apart. Once something is missing it is bad and gives zeros.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) take(n int) []byte {
	if r.bad || len(r.b) < n {
		r.bad = true

		return nil
	}
	s := r.b[:n]
	r.b = r.b[n:]

	return s
}

func (r *reader) u8() byte {
	if s := r.take(1); s != nil {
		return s[0]
	}

	return 0
}

func (r *reader) u32() uint32 {
	if s := r.take(4); s != nil {
		return binary.BigEndian.Uint32(s)
	}

	return 0
}

func (r *reader) u64() uint64 {
	if s := r.take(8); s != nil {
		return binary.BigEndian.Uint64(s)
	}

	return 0
}

func (r *reader) sid() (sid channel.SID) {
	copy(sid[:], r.take(len(sid)))

	return sid
}

func (r *reader) name() []byte { return r.take(int(r.u8())) }

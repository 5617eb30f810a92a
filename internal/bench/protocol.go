package bench

import "encoding/binary"

// protocol is how the clients of one kind of server talk: as little of it as two users need to reach each other.
type protocol interface {
	// login makes a fresh connection that of a user. The caller has set a deadline.
	login(l *line, user uint32) error
	// message is the frame of one message, with its payload left at zero.
	message(to uint32, size int) template
	// next finds the first event in buf and how many bytes it takes; 0 bytes: it has not arrived yet.
	next(buf []byte) (e event, n int, err error)
	// unsure tells that a login's success does not mean that messages get through already.
	unsure() bool
}

// template is a frame that is sent again and again: only its payload changes, and its id if it has one.
type template struct {
	frame   []byte
	payload int // where the payload begins
	id      int // where the id stands, u32; 0: it has none
}

// event is something that arrived.
type event struct {
	payload  []byte // of a message; nil: it is none
	reply    []byte // what the protocol wants to be answered at once
	response bool   // it answers a message that wanted an answer, and says that all is well
}

// stampSize is what a message's payload holds at least: a time stamp.
const stampSize = 8

func stamp(payload []byte, ns uint64) { binary.BigEndian.PutUint64(payload, ns) }

func stampOf(payload []byte) uint64 { return binary.BigEndian.Uint64(payload) }

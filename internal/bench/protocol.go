package bench

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
)

// protocol is the client protocol of one kind of server, as far as two users need it.
type protocol interface {
	// login makes a fresh connection that of a user. The caller has set a deadline.
	login(c *conn, user uint32) error
	// message is the frame of one message to a logged-in user, with a blank payload.
	message(to uint32, size int) template
	// next finds the first event in buf and how many bytes it takes; 0 bytes: it has not arrived
	// yet.
	next(buf []byte) (e event, n int, err error)
	// asyncRouting reports that messages may not get through for a moment after a login.
	asyncRouting() bool
}

// template is a frame that is sent again and again: only its payload changes, and its id if it has
// one.
type template struct {
	frame   []byte
	payload int  // where the payload begins
	id      int  // where the id stands, u32; 0: it has none
	text    bool // the payload is text, and so is its stamp
}

// event is what one read frame means.
type event struct {
	payload      []byte // of a message; nil: it is none
	text         bool   // the payload is text, and so is its stamp
	reply        []byte // a frame to send back at once
	disconnected []byte // the user ID of a peer that disconnected: a push 700 with an empty last message; nil: another event
	response     bool   // a successful response to a message that asked for one
}

// stampSize is what a message's payload holds at least: a time stamp. As bytes it is a u64, as text
// 48 bits in base64: 78 hours in nanoseconds.
const stampSize = 8

// textStampBytes is how many bytes a stamp in text stands for.
const textStampBytes = 6

var errChanged = errors.New("a message arrives with another payload than it was sent with")

func (t template) stamp(ns uint64) {
	if !t.text {
		binary.BigEndian.PutUint64(t.frame[t.payload:], ns)

		return
	}
	var raw [stampSize]byte
	binary.BigEndian.PutUint64(raw[:], ns)
	base64.RawURLEncoding.Encode(t.frame[t.payload:], raw[stampSize-textStampBytes:])
}

// stamp is that of a message whose payload has room for one.
func (e event) stamp() (uint64, error) {
	if !e.text {
		return binary.BigEndian.Uint64(e.payload), nil
	}
	var raw [stampSize]byte
	if _, err := base64.RawURLEncoding.Decode(raw[stampSize-textStampBytes:], e.payload[:stampSize]); err != nil {
		return 0, errChanged
	}

	return binary.BigEndian.Uint64(raw[:]), nil
}

// maxQuote bounds how many bytes of a server's text an error quotes.
const maxQuote = 300

// quote returns a server's text as one line of valid UTF-8.
func quote(text []byte) string {
	return strings.ToValidUTF8(strings.Join(strings.Fields(string(text[:min(len(text), maxQuote)])), " "), "?")
}

// textPayload is a payload that needs no escaping in any protocol.
func textPayload(size int) []byte { return bytes.Repeat([]byte{'x'}, size) }

package wire

import "strconv"

// Kind says what a frame is: the first byte of its body.
type Kind uint8

// The kinds of version 1. Zero and everything above KindGoodbye are unknown.
const (
	KindHello    Kind = 1 + iota // client: who I am, my first frame
	KindWelcome                  // server: you are in
	KindRequest                  // client: run a command
	KindResponse                 // server: the command's outcome
	KindPush                     // server: a message that no request asked for
	KindPing                     // either: are you there
	KindPong                     // either: I am, with the ping's id
	KindGoodbye                  // either: why I am closing, my last frame
)

var kindNames = [...]string{
	KindHello:    "hello",
	KindWelcome:  "welcome",
	KindRequest:  "request",
	KindResponse: "response",
	KindPush:     "push",
	KindPing:     "ping",
	KindPong:     "pong",
	KindGoodbye:  "goodbye",
}

// String is the kind's name as logs and the documentation have it.
func (k Kind) String() string {
	if !k.known() {
		return "kind " + strconv.Itoa(int(k))
	}

	return kindNames[k]
}

// FromServerOnly tells whether a client that sends this kind breaks the protocol.
func (k Kind) FromServerOnly() bool {
	return k == KindWelcome || k == KindResponse || k == KindPush
}

func (k Kind) known() bool { return k >= KindHello && k <= KindGoodbye }

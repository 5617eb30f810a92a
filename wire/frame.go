package wire

import "encoding/binary"

// Sizes in bytes.
const (
	// HeaderSize is what a body has before its payload.
	HeaderSize = 8
	// LengthSize is what a stream has before each body.
	LengthSize = 4
	// DefaultMaxMessage is the longest message of a server that was told nothing else. A client
	// learns its server's limit from the welcome.
	DefaultMaxMessage = 65536
	// FrameRoom is how much longer than the longest message a body may be: room for the header, a
	// peer, and a message slightly over the limit, which then gets an answer instead of a closed
	// connection.
	FrameRoom = 1024
)

// Subprotocol is what client and server agree on in the WebSocket handshake.
const Subprotocol = "parley.v1"

// Frame is one decoded body. Which of its fields mean something depends on Kind; the rest are zero.
type Frame struct {
	Kind    Kind
	Ver     uint8  // of the command: request, response, push
	Cmd     uint16 // the command; for a goodbye its Goodbye code
	ID      uint32 // pairs a response with its request and a pong with its ping
	Payload []byte
}

// AppendBody appends f as a body: a whole WebSocket message. It allocates only when dst has no
// room.
//
//	0     1     2           4                       8
//	| kind| ver |    cmd    |          id           | payload ...
func AppendBody(dst []byte, f Frame) []byte {
	dst = append(
		dst,
		byte(f.Kind), f.Ver,
		byte(f.Cmd>>8), byte(f.Cmd),
		byte(f.ID>>24), byte(f.ID>>16), byte(f.ID>>8), byte(f.ID),
	)

	return append(dst, f.Payload...)
}

// AppendFrame appends f as a stream has it: the body's length, then the body.
// It allocates only when dst has no room.
//
//	0                       4     5     6           8                       12
//	| length = 8 + payload  | kind| ver |    cmd    |          id           | payload ...
func AppendFrame(dst []byte, f Frame) []byte {
	n := uint32(HeaderSize + len(f.Payload))

	return AppendBody(binary.BigEndian.AppendUint32(dst, n), f)
}

// ParseBody decodes a body. The frame's Payload aliases it. The error is ErrShortFrame or
// ErrUnknownKind.
func ParseBody(body []byte) (Frame, error) {
	if len(body) < HeaderSize {
		return Frame{}, ErrShortFrame
	}
	kind := Kind(body[0])
	if !kind.known() {
		return Frame{}, ErrUnknownKind
	}

	return Frame{
		Kind:    kind,
		Ver:     body[1],
		Cmd:     binary.BigEndian.Uint16(body[2:]),
		ID:      binary.BigEndian.Uint32(body[4:]),
		Payload: body[HeaderSize:],
	}, nil
}

// Split finds the first body in buf, bytes of a stream. It returns the body, which aliases buf, and
// the number n of bytes of buf that it and its length take up. When n is 0 and there is no error,
// the rest of the body has not arrived yet. A length below HeaderSize is ErrShortFrame and one
// above maxBody is ErrFrameTooLong, told as soon as the length is there; the stream cannot be read
// on after that.
func Split(buf []byte, maxBody int) (body []byte, n int, err error) {
	if len(buf) < LengthSize {
		return nil, 0, nil
	}
	length := uint64(binary.BigEndian.Uint32(buf))
	switch {
	case length < HeaderSize:
		return nil, 0, ErrShortFrame
	case maxBody < 0 || length > uint64(maxBody):
		return nil, 0, ErrFrameTooLong
	case length > uint64(len(buf)-LengthSize):
		return nil, 0, nil
	}
	n = LengthSize + int(length)

	return buf[LengthSize:n:n], n, nil
}

package wire

import "errors"

// What decoders answer to bytes that are not what they should be. Test with errors.Is.
var (
	// ErrShortFrame: a body has, or is announced with, fewer than HeaderSize bytes.
	ErrShortFrame = errors.New("wire: frame shorter than its header")
	// ErrFrameTooLong: a body is announced with more bytes than the reader takes.
	ErrFrameTooLong = errors.New("wire: frame too long")
	// ErrUnknownKind: a body's first byte is no Kind.
	ErrUnknownKind = errors.New("wire: unknown kind of frame")
	// ErrMalformedHello: a hello's payload is not its JSON object.
	ErrMalformedHello = errors.New("wire: malformed hello")
	// ErrMalformedWelcome: a welcome's payload is not its JSON object.
	ErrMalformedWelcome = errors.New("wire: malformed welcome")
	// ErrMalformedReceipt: the data of the response to command 701 or 702 is none of the three
	// results.
	ErrMalformedReceipt = errors.New("wire: malformed receipt")
	// ErrMalformedPeer: a peer has no bytes, or more than the payload holds.
	ErrMalformedPeer = errors.New("wire: malformed peer")
	// ErrMalformedResponse: a response has no status.
	ErrMalformedResponse = errors.New("wire: malformed response")
	// ErrMalformedError: a failed response's data is not a code and a UTF-8 text.
	ErrMalformedError = errors.New("wire: malformed error response")
	// ErrMalformedToken: the data of the response to command 703 are no time.
	ErrMalformedToken = errors.New("wire: malformed response to a token")
)

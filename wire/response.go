package wire

import (
	"encoding/binary"
	"unicode/utf8"
)

// Status is the first byte of a response's payload.
type Status uint8

// What became of a request.
const (
	StatusOK    Status = 1 // done; the command's own data follows
	StatusBad   Status = 4 // the request was wrong; a Code and a text follow
	StatusError Status = 5 // the request was right and failed; a Code and a text follow
)

// String is the status in words.
func (s Status) String() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusBad:
		return "bad request"
	case StatusError:
		return "error"
	}

	return unknown("status", uint16(s))
}

// AppendResponse appends a response's payload.
//
//	0     1
//	|stat.| data ...
func AppendResponse(dst []byte, s Status, data []byte) []byte {
	return append(append(dst, byte(s)), data...)
}

// ParseResponse splits a response's payload; data aliases it. A Status that is none of the three is
// passed on as it is: an application's handler answers with the status it likes.
// The error, for an empty payload, is ErrMalformedResponse.
func ParseResponse(payload []byte) (s Status, data []byte, err error) {
	if len(payload) == 0 {
		return 0, nil, ErrMalformedResponse
	}

	return Status(payload[0]), payload[1:], nil
}

// AppendError appends the whole payload of a response that tells of a failure: the status that goes
// with the code, the code, the text.
//
//	0     1           3
//	|stat.|   code    | text ...
func AppendError(dst []byte, c Code, text string) []byte {
	return AppendErrorData(append(dst, byte(c.Status())), c, text)
}

// AppendErrorData appends what follows the status in such a response.
func AppendErrorData(dst []byte, c Code, text string) []byte {
	return append(append(dst, byte(c>>8), byte(c)), text...)
}

// ParseError decodes the data that ParseResponse returns with StatusBad and StatusError. The error
// is ErrMalformedError when there is no whole code or the text is not UTF-8: some handlers of
// applications send other things.
func ParseError(data []byte) (Code, string, error) {
	if len(data) < 2 || !utf8.Valid(data[2:]) {
		return 0, "", ErrMalformedError
	}

	return Code(binary.BigEndian.Uint16(data)), string(data[2:]), nil
}

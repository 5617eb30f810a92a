package wire

import (
	"encoding/binary"
	"math"
	"time"
)

// tokenSize is the length in bytes of the response's data.
const tokenSize = 8

// AppendTokenTime appends the data of the response to command 703: how long the new token is good
// for from now, in milliseconds.
//
//	0                                   8
//	| milliseconds u64, 0: for ever     |
func AppendTokenTime(b []byte, left time.Duration) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(max(0, left.Milliseconds())))
}

// ParseTokenTime reads what AppendTokenTime wrote; 0 is a token without an end. Further bytes are
// ignored. The error is ErrMalformedToken.
func ParseTokenTime(data []byte) (left time.Duration, err error) {
	if len(data) < tokenSize {
		return 0, ErrMalformedToken
	}
	ms := binary.BigEndian.Uint64(data)

	return time.Duration(min(ms, math.MaxInt64/uint64(time.Millisecond))) * time.Millisecond, nil
}

package user

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// MaxIDLength is the length in bytes of the longest user ID.
const MaxIDLength = 128

// CheckID tells whether id is a user ID: 1 to 128 bytes of UTF-8 without control characters. The
// error says what is wrong with it.
func CheckID(id string) error {
	switch {
	case id == "":
		return fmt.Errorf("%w: it is empty", ErrBadID)
	case len(id) > MaxIDLength:
		return fmt.Errorf("%w: it has %d bytes, at most %d are allowed", ErrBadID, len(id), MaxIDLength)
	case !utf8.ValidString(id):
		return fmt.Errorf("%w: %q is not UTF-8", ErrBadID, id)
	}
	for i, r := range id {
		if unicode.IsControl(r) {
			return fmt.Errorf("%w: %q has the control character %U at byte %d", ErrBadID, id, r, i)
		}
	}

	return nil
}

const sidBytes = 16

// NewSID returns 128 random bits as 32 hex digits.
func NewSID() string {
	var b [sidBytes]byte
	_, _ = rand.Read(b[:]) // never fails

	return hex.EncodeToString(b[:])
}

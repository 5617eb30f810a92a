package node

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
)

// SID is a session's ID: 128 bits.
type SID [16]byte

// ParseSID turns the 32 hex digits of a session's ID into its bytes. Any other string gives the
// first bytes of its SHA-256, so that equal strings give equal SIDs.
func ParseSID(s string) (sid SID) {
	if len(s) == hex.EncodedLen(len(sid)) {
		if _, err := hex.Decode(sid[:], []byte(s)); err == nil {
			return sid
		}
	}

	return HashSID(s)
}

// HashSID returns the first bytes of the SHA-256 of s.
func HashSID(s string) (sid SID) {
	sum := sha256.Sum256([]byte(s))
	copy(sid[:], sum[:])

	return sid
}

// String gives the SID's 32 hex digits.
func (s SID) String() string { return hex.EncodeToString(s[:]) }

// IsZero tells whether s names no session.
func (s SID) IsZero() bool { return s == SID{} }

// Compare orders SIDs by their bytes.
func (s SID) Compare(t SID) int { return bytes.Compare(s[:], t[:]) }

// Place is where a user is: a session on a node. The zero Place is nowhere.
type Place struct {
	Node ID
	SID  SID
}

// Known tells whether p is somewhere.
func (p Place) Known() bool { return !p.Node.IsZero() }

package node

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"strconv"
)

// ID names one life of one node. Two processes may share a name; their incarnations differ, and a
// restarted process has a new one, so an ID is never used again. Comparable.
type ID struct {
	Name        string
	Incarnation uint64 // random, never 0
}

// New returns the ID of a new life of the node with that name.
func New(name string) ID {
	for {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		if inc := binary.BigEndian.Uint64(b[:]); inc != 0 {
			return ID{Name: name, Incarnation: inc}
		}
	}
}

// String gives "name#incarnation", the incarnation as 16 hex digits.
func (n ID) String() string {
	const digits = 16
	hex := strconv.FormatUint(n.Incarnation, digits)
	for len(hex) < digits {
		hex = "0" + hex
	}

	return n.Name + "#" + hex
}

// IsZero tells whether n names no node.
func (n ID) IsZero() bool { return n.Incarnation == 0 }

// Compare orders IDs by incarnation, then by name: negative if n is the lower.
func (n ID) Compare(m ID) int {
	return cmp.Or(cmp.Compare(n.Incarnation, m.Incarnation), cmp.Compare(n.Name, m.Name))
}

package directory

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/parley-dm/parley/internal/node"
)

// hashUser is FNV-1a, 64 bits: equal on all nodes, and cheap for short IDs. Only weight uses it.
func hashUser(user string) uint64 {
	const (
		offset = 14695981039346656037
		prime  = 1099511628211
	)
	h := uint64(offset)
	for i := range len(user) {
		h = (h ^ uint64(user[i])) * prime
	}

	return h
}

// seedOf is a node's part of the weights.
func seedOf(n node.ID) uint64 { return mix(n.Incarnation + hashUser(n.Name)) }

// weight ranks a node for a user: the member with the highest weight owns the user ID (rendezvous
// hashing), so a change of one member moves only the users that it owns.
func weight(user, seed uint64) uint64 { return mix(user ^ seed) }

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb

	return x ^ x>>31
}

// outranks tells whether p is preferred to q as the owner of the user with that hash.
func (p *peer) outranks(q *peer, user uint64) bool {
	a, b := weight(user, p.seed), weight(user, q.seed)

	return a > b || a == b && p.id.Compare(q.id) < 0
}

// ownerOf is the member that owns the user with that hash, nil in no view.
func (c *core) ownerOf(user uint64) *peer {
	if len(c.members) == 0 {
		return nil
	}
	best, top := c.members[0], weight(user, c.members[0].seed)
	for _, p := range c.members[1:] { // sorted by ID: of equal weights the lower ID keeps the user
		if w := weight(user, p.seed); w > top {
			best, top = p, w
		}
	}

	return best
}

// hashView identifies a set of members, which are sorted; 0 is no view.
func hashView(members []node.ID) uint64 {
	if len(members) == 0 {
		return 0
	}
	h := sha256.New()
	var b []byte
	for _, m := range members {
		b = binary.BigEndian.AppendUint64(b[:0], m.Incarnation)
		b = binary.BigEndian.AppendUint32(b, uint32(len(m.Name)))
		_, _ = h.Write(append(b, m.Name...)) // never fails
	}

	return max(binary.BigEndian.Uint64(h.Sum(nil)), 1)
}

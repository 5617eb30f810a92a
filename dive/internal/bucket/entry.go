package bucket

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// writeID names one write.
type writeID uint64

func newWriteID() writeID { return writeID(rand.Uint64()) }

const (
	idBytes = 8
	// maxTrail is how many writes to one key may happen between a lost answer and its writer's next
	// look. It costs 8 bytes each for each key.
	maxTrail = 8
	// cutFlag in the first byte of a message says that writes before the trail are not in it.
	cutFlag = 0x80
)

// trail holds the IDs of the last writes to a key, the newest last.
type trail struct {
	ids []writeID
	cut bool // there were writes before
}

// after is the trail of a write on top of t.
func (t trail) after(id writeID) trail {
	ids := append(slices.Clone(t.ids), id)
	if len(ids) > maxTrail {
		return trail{ids: ids[len(ids)-maxTrail:], cut: true}
	}

	return trail{ids: ids, cut: t.cut}
}

// shows tells whether every write after base is in t.
func (t trail) shows(base trail) bool {
	if len(base.ids) == 0 {
		return !t.cut && !base.cut
	}

	return slices.Contains(t.ids, base.ids[len(base.ids)-1])
}

// Entry is what a key holds.
type Entry struct {
	Value []byte // nil: the key is not there
	seq   uint64 // of the key's newest message; 0: there is none
	trail trail
}

// encode makes the body of a message: the length of the trail, the trail, the value.
func (e Entry) encode() []byte {
	b := make([]byte, 0, 1+idBytes*len(e.trail.ids)+len(e.Value))
	head := byte(len(e.trail.ids))
	if e.trail.cut {
		head |= cutFlag
	}
	b = append(b, head)
	for _, id := range e.trail.ids {
		b = binary.BigEndian.AppendUint64(b, uint64(id))
	}

	return append(b, e.Value...)
}

// decodeEntry reads the body of a message. A body that is none counts as a key that is not there:
// the server's own markers of expired entries have none.
func decodeEntry(seq uint64, body []byte) Entry {
	e := Entry{seq: seq}
	if len(body) == 0 {
		return e
	}
	n := int(body[0] &^ cutFlag)
	if n > maxTrail || len(body) < 1+n*idBytes {
		return e
	}
	e.trail.cut = body[0]&cutFlag != 0
	for i := range n {
		e.trail.ids = append(e.trail.ids, writeID(binary.BigEndian.Uint64(body[1+i*idBytes:])))
	}
	if value := body[1+n*idBytes:]; len(value) > 0 {
		e.Value = bytes.Clone(value)
	}

	return e
}

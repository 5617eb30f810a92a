package mesh

import "sync/atomic"

// Drops counts the packets that a node has thrown away, by reason, since it started.
type Drops struct {
	Packets   uint64 // from other nodes: the queue was full
	Finds     uint64 // for users held here: the queue was full
	Malformed uint64 // from other nodes: not readable
	Strangers uint64 // from nodes that are down for this one
}

type drops struct {
	packets, finds, malformed, strangers atomic.Uint64
}

// Drops tells how many packets this node has thrown away.
func (m *member) Drops() Drops {
	return Drops{
		Packets:   m.drops.packets.Load(),
		Finds:     m.drops.finds.Load(),
		Malformed: m.drops.malformed.Load(),
		Strangers: m.drops.strangers.Load(),
	}
}

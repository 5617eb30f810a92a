package dive

import (
	"time"

	"github.com/parley-dm/parley/internal/mesh"
)

// entry is what this node knows of a user whose finds come here. Guarded by Directory.mu.
type entry struct {
	place Place // for a moved one: where to
	state entryState
	queue *queue // finds that wait for Activate; nil if none does
	claim *claim // while claiming: the call that waits
}

type entryState uint8

const (
	claiming entryState = iota // announced; not all nodes have answered
	claimed                    // confirmed; finds wait for Activate
	draining                   // Activate delivers those that wait
	active
	moved // the user is elsewhere; finds that were under way are passed on for a while
)

// linger is how long the node that lost a user to another one still takes finds for it: those
// that others sent before they knew.
const linger = 500 * time.Millisecond

// What may wait for one user's Activate; what comes beyond it is answered: ask again.
const (
	maxQueued      = 1024
	maxQueuedBytes = 1 << 20
)

// queue keeps finds until the user is active.
type queue struct {
	finds []find
	bytes int
}

// find is a find that has arrived.
type find struct {
	from   mesh.NodeID
	token  uint64
	packet []byte
}

// add keeps a copy of f, or returns false if there is no room.
func (q *queue) add(f find) bool {
	if len(q.finds) >= maxQueued || q.bytes+len(f.packet) > maxQueuedBytes {
		return false
	}
	f.packet = append([]byte(nil), f.packet...)
	q.finds = append(q.finds, f)
	q.bytes += len(f.packet)

	return true
}

// take empties the queue.
func (q *queue) take() []find {
	if q == nil {
		return nil
	}
	finds := q.finds
	q.finds, q.bytes = nil, 0

	return finds
}

// wire is the entry as other nodes are told of it.
func (e *entry) wire(user string) wireClaim {
	return wireClaim{user: user, sid: e.place.SID, stamp: e.place.Stamp}
}

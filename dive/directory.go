package dive

import (
	"context"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/mesh"
)

// Directory is one node's part of the cluster's directory: it knows the users of this node and finds those of
// others. Safe for use by several goroutines.
type Directory struct {
	mesh     mesh.Mesh
	resident Resident // set before the mesh starts
	finder   Finder   // set before the mesh starts

	mu      sync.Mutex
	entries map[string]*entry      // guarded by mu
	size    int                    // guarded by mu; entries that have not moved
	waiting []*claim               // guarded by mu; claims that no barrier has taken yet
	running bool                   // guarded by mu; commit runs
	met     map[mesh.NodeID]uint64 // guarded by mu; how many users were here when that node came up, of those that are
}

// NewDirectory makes a node's directory and registers it with the mesh, which must not have been started.
func NewDirectory(m mesh.Mesh) *Directory {
	d := &Directory{
		mesh:     m,
		resident: nobody{},
		finder:   nobody{},
		entries:  make(map[string]*entry),
		met:      make(map[mesh.NodeID]uint64),
	}
	m.Handle(mesh.PortDirectory, (*port)(d))
	m.Watch((*port)(d))

	return d
}

// SetResident and SetFinder say whom the directory tells. Call them before the mesh starts.
func (d *Directory) SetResident(r Resident) { d.resident = r }

// SetFinder says who receives finds.
func (d *Directory) SetFinder(f Finder) { d.finder = f }

// Size is how many users are claimed here.
func (d *Directory) Size() int {
	d.mu.Lock()
	defer d.mu.Unlock()

	return d.size
}

// Claim makes the session the user's one session in the cluster. When it returns nil, every node finds the user here, and all
// older sessions of the user, anywhere, have been evicted. Finds wait until Activate. It returns a
// ReplacedError if a newer login exists, ErrReleased if the claim was released meanwhile, and an error of the
// mesh or the context if not all nodes could be told; then nothing is left of it.
func (d *Directory) Claim(ctx context.Context, userID, sid string) (mesh.Stamp, error) {
	if userID == "" || sid == "" || len(userID) > maxNameLength || len(sid) > maxNameLength {
		return 0, ErrBadClaim
	}
	c, older, err := d.register(userID, sid) //nolint:contextcheck // the barrier is not this claim's alone
	if err != nil {
		return 0, err
	}
	older.tell(d)
	select {
	case <-c.done:
	case <-ctx.Done():
		d.abandon(c, context.Cause(ctx))
		<-c.done
	}

	return c.entry.place.Stamp, c.err
}

// Activate lets finds for the user through, from now on: first, and in order, those that came since Claim.
// They are handed to Found before Activate returns, some perhaps on another goroutine that activates the same session.
func (d *Directory) Activate(userID, sid string) {
	for {
		d.mu.Lock()
		e := d.entries[userID]
		if e == nil || e.place.SID != sid || (e.state != claimed && e.state != draining) {
			d.mu.Unlock()

			return
		}
		finds := e.queue.take()
		if len(finds) == 0 {
			e.state, e.queue = active, nil
			d.mu.Unlock()

			return
		}
		e.state = draining
		d.mu.Unlock()
		for _, f := range finds {
			d.finder.Found(f.from, userID, f.packet)
		}
	}
}

// Release ends a session's claim, if it still is the user's: a newer one is not touched.
func (d *Directory) Release(userID, sid string) {
	d.mu.Lock()
	e := d.entries[userID]
	if e == nil || e.place.SID != sid || e.state == moved {
		d.mu.Unlock()

		return
	}
	finds := d.removeLocked(userID, e)
	d.settleLocked(e, ErrReleased)
	d.mu.Unlock()
	d.miss(finds)
}

// removeLocked takes an entry out of the directory and returns the finds that waited.
func (d *Directory) removeLocked(userID string, e *entry) []find {
	delete(d.entries, userID)
	d.size--
	d.mesh.Release(userID)

	return e.queue.take()
}

// evicted is what must be told, outside of mu, of an entry that lost to a newer one.
type evicted struct {
	userID, sid string
	next        Place
	confirmed   bool   // the session was the user's
	finds       []find // waited for it
}

func (v evicted) tell(d *Directory) {
	if v.confirmed {
		d.resident.Evicted(v.userID, v.sid, v.next)
	}
	d.miss(v.finds)
}

// evictLocked replaces e by what is left when the user is at next, on another node.
func (d *Directory) evictLocked(userID string, e *entry, next Place) evicted {
	v := evicted{userID: userID, sid: e.place.SID, next: next, confirmed: e.state != claiming, finds: e.queue.take()}
	d.settleLocked(e, &ReplacedError{Next: next})
	gone := &entry{state: moved, place: next}
	d.entries[userID] = gone
	d.size--
	time.AfterFunc(linger, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.entries[userID] == gone {
			delete(d.entries, userID)
			d.mesh.Release(userID)
		}
	})

	return v
}

// nobody stands in for a Resident or Finder that was not set.
type nobody struct{}

func (nobody) Evicted(string, string, Place)     {}
func (nobody) Found(mesh.NodeID, string, []byte) {}
func (nobody) Missed(uint64, Miss)               {}

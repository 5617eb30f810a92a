package directory

import (
	"context"

	"github.com/parley-dm/parley/internal/node"
)

// Claim makes the session the user's one session in the cluster. When it returns nil, every member
// finds the user here, and all older sessions have been evicted. newestEpoch is the newest epoch
// that older sessions of the user on this node have used; the stamp is above it. While this node is
// in no view the claim waits. Errors: a ReplacedError, ErrUnsettled, ErrReleased, ErrBadClaim, or
// the cause of the context's end; after an error nothing is left of the session.
func (d *Directory) Claim(ctx context.Context, userID string, sid node.SID, newestEpoch uint64) (node.Stamp, error) {
	if userID == "" || len(userID) > MaxUserID || sid.IsZero() {
		return 0, ErrBadClaim
	}
	c := &call{done: make(chan struct{})}
	d.mu.Lock()
	if d.core.known(userID, sid) != nil {
		d.mu.Unlock()

		return 0, ErrBadClaim
	}
	s := d.core.claim(userID, sid, max(d.clock.Now(), node.Stamp(newestEpoch)+1), c)
	d.core.finish()
	d.endEvent()
	select {
	case <-c.done:
	case <-ctx.Done():
		d.mu.Lock()
		select {
		case <-c.done: // decided meanwhile
		default:
			d.core.release(s, 0, context.Cause(ctx))
			d.core.finish()
		}
		d.endEvent()
	}
	if c.err != nil {
		return 0, c.err
	}

	return c.stamp, nil
}

// Release ends a session, which sends nothing more: the directory forgets it. newestEpoch is the
// newest epoch that it used. A session that is not there, or that is being evicted, stays as it is.
func (d *Directory) Release(userID string, sid node.SID, newestEpoch uint64) {
	d.mu.Lock()
	if s := d.core.known(userID, sid); s != nil {
		d.core.release(s, node.Stamp(newestEpoch), ErrReleased)
		d.core.finish()
	}
	d.endEvent()
}

// Lookup asks where the user is; Asker gets the answer under the token, which is not in use.
func (d *Directory) Lookup(userID string, token uint64) {
	d.mu.Lock()
	if userID == "" || len(userID) > MaxUserID {
		(*port)(d).notFound(token)
	} else {
		d.core.lookup(userID, token)
	}
	d.endEvent()
}

// Cancel forgets a lookup. An answer that is on its way to Asker may still come.
func (d *Directory) Cancel(token uint64) {
	d.mu.Lock()
	d.core.cancel(token)
	d.endEvent()
}

// Owner is the member that a lookup of the user asks, in the present view; zero while this node has
// none.
func (d *Directory) Owner(userID string) node.ID {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p := d.core.ownerOf(hashUser(userID)); p != nil {
		return p.id
	}

	return node.ID{}
}

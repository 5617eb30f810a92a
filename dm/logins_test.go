package dm_test

import (
	"context"
	"errors"
	"time"

	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/messages"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

var errReplaced = errors.New("replaced by a newer login")

// loginTime bounds a login. Package parley bounds it to less; scripts tell of logins that wait.
const loginTime = 30 * time.Second

// admit makes a login known to the cluster, as package parley does.
func (nd *node) admit(ctx context.Context, p *person) error {
	u := p.u
	nd.between.Store(u.SID, u)
	defer nd.between.Delete(u.SID)
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	stamp, err := nd.dir.Claim(ctx, u.ID, nodes.ParseSID(u.SID), messages.Of(nd.dm).NewestEpoch(u.ID))
	p.stamp = stamp
	if replaced, ok := errors.AsType[*directory.ReplacedError](err); ok {
		messages.Of(nd.dm).HandOver(u, replaced.Next)
		sessions.Discard(nd.users, u, user.Left)

		return err
	}
	if err != nil {
		messages.Of(nd.dm).Abandoned(u)
		sessions.Discard(nd.users, u, user.Left)

		return err
	}
	sessions.Of(u).SetStamp(uint64(stamp))
	nd.c.pauses()
	if !sessions.Add(nd.users, u) {
		messages.Of(nd.dm).Abandoned(u)
		nd.dir.Release(u.ID, nodes.ParseSID(u.SID), 0)

		return errReplaced
	}
	nd.c.pauses()
	messages.Of(nd.dm).Joined(u)

	return nil
}

// connects makes a connection that has not logged in.
func (nd *node) connects(id string) *person {
	p := &person{t: nd.c.t, node: nd, id: id}
	p.u = sessions.New(nd.users, id, user.NewSID(), p)

	return p
}

// login connects a user to a node.
func (c *cluster) login(id string, at int) *person {
	c.t.Helper()
	p := c.nodes[at].connects(id)
	if err := p.node.admit(c.t.Context(), p); err != nil {
		c.t.Fatalf("%s cannot log in: %v", id, err)
	}

	return p
}

// Evict ends a session for a newer one.
func (nd *node) Evict(_ string, sid nodes.SID, next nodes.Place) uint64 {
	u := nd.find(sid.String())
	if u == nil {
		return 0
	}
	newest := messages.Of(nd.dm).HandOver(u, next)
	nd.c.pauses()
	sessions.Remove(nd.users, u)
	nd.c.pauses()
	sessions.Of(u).Close(2002, "replaced")

	return newest
}

// find finds a session, as in package parley.
func (nd *node) find(sid string) *user.User {
	for range 2 {
		if u := nd.users.BySID(sid); u != nil {
			return u
		}
		if u, ok := nd.between.Load(sid); ok {
			return u.(*user.User)
		}
	}

	return nil
}

func (nd *node) leave(u *user.User) {
	nd.between.Store(u.SID, u)
	if !sessions.Remove(nd.users, u) {
		nd.between.Delete(u.SID)

		return
	}
	nd.c.pauses()
	messages.Of(nd.dm).Leave(u, func(newest uint64) {
		nd.dir.Release(u.ID, nodes.ParseSID(u.SID), newest)
		nd.between.Delete(u.SID)
	})
	sessions.Discard(nd.users, u, user.Left)
}

// entries is how many sessions the directory of the node holds of its own.
func (nd *node) entries() int { return nd.dir.Stats().Sessions }

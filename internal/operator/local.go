package operator

import (
	"github.com/parley-dm/parley/internal/admin"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// removedText is the text of a goodbye 2005 to a user that an operator has removed.
const removedText = "removed by an operator"

// local answers other nodes.
type local struct{ o *Operator }

var _ admin.Local = local{}

// Session implements admin.Local.
func (l local) Session(sid node.SID) (admin.Session, bool) {
	u := l.o.cfg.Users.BySID(sid.String())
	if u == nil {
		return admin.Session{}, false
	}

	return admin.Session{
		User: u.ID, SID: u.SID, Since: node.Stamp(sessions.Of(u).Stamp()).Time().UTC(),
		Transport: u.Transport(), Address: u.GetClientAddr(),
	}, true
}

// Kick implements admin.Local.
func (l local) Kick(sid node.SID) bool {
	u := l.o.cfg.Find(sid)
	if u == nil || u.Closed() {
		return false
	}
	remove(u, removedText)

	return true
}

func remove(u *user.User, text string) { sessions.Of(u).Close(uint16(wire.GoodbyeRemoved), text) }

// Ban implements admin.Local.
func (l local) Ban(b admin.Ban) (removed bool, err error) {
	if err := l.o.bans.Set(b); err != nil || b.For <= 0 {
		return false, err
	}
	if u := l.o.cfg.Users.ByUID(b.User); u != nil {
		l.o.DismissBanned(u)
		removed = true
	}

	return removed, nil
}

// Bans implements admin.Local.
func (l local) Bans() []admin.Ban { return l.o.bans.PassOn() }

// Node implements admin.Local.
func (l local) Node() admin.Node {
	cfg := &l.o.cfg
	n := admin.Node{ID: cfg.Cluster.Self().String(), Since: l.o.since.UTC(), Users: cfg.Users.Count(), Ready: true}
	if cfg.TakesUsers() {
		n.Members = len(cfg.Cluster.Members())
	}
	if err := cfg.Ready(); err != nil {
		n.Ready, n.Reason = false, err.Error()
	}

	return n
}

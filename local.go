package parley

import (
	"fmt"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/admin"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// removedText is the text of a goodbye 2005 to a user that an operator has removed.
const removedText = "removed by an operator"

// local is the server's face towards operators at other nodes.
type local struct{ s *Server }

var _ admin.Local = local{}

// Session implements admin.Local.
func (l local) Session(sid node.SID) (admin.Session, bool) {
	u := l.s.users.BySID(sid.String())
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
	u := l.s.users.BySID(sid.String())
	if u == nil {
		if u, _ = l.s.inTransition.Load(sid); u == nil || u.Closed() {
			return false
		}
	}
	remove(u, removedText)

	return true
}

func remove(u *user.User, text string) { sessions.Of(u).Close(uint16(wire.GoodbyeRemoved), text) }

// Ban implements admin.Local.
func (l local) Ban(b admin.Ban) (removed bool, err error) {
	if err := l.s.bans.Set(b); err != nil || b.For <= 0 {
		return false, err
	}
	if u := l.s.users.ByUID(b.User); u != nil {
		l.s.dismissBanned(u)
		removed = true
	}

	return removed, nil
}

// Bans implements admin.Local.
func (l local) Bans() []admin.Ban { return l.s.bans.PassOn() }

// Node implements admin.Local.
func (l local) Node() admin.Node {
	s := l.s
	n := admin.Node{ID: s.NodeID(), Since: s.since.UTC(), Users: s.users.Count(), Ready: true}
	if s.takesUsers.Load() {
		n.Members = len(s.cluster.Members())
	}
	if err := s.Ready(); err != nil {
		n.Ready, n.Reason = false, err.Error()
	}

	return n
}

// banned is what a client is told that may not log in.
func (s *Server) banned(userID string) *gateway.Refusal {
	until, banned := s.bans.Until(userID)
	if !banned {
		return nil
	}

	return &gateway.Refusal{Code: wire.GoodbyeRemoved, Text: fmt.Sprintf("%s, and may not come back before %s", removedText, until.UTC().Format(time.RFC3339))}
}

// dismissBanned ends a session if its user is banned.
func (s *Server) dismissBanned(u *user.User) {
	if r := s.banned(u.ID); r != nil {
		remove(u, r.Text)
	}
}

// knownMembers are the nodes that have this one's bans.
type knownMembers struct {
	sync.Mutex

	members map[node.ID]bool // guarded by the mutex
}

// tellBans gives nodes that have entered the bans of this one. It does not block.
func (s *Server) tellBans(members []node.ID) {
	s.known.Lock()
	defer s.known.Unlock()
	before := s.known.members
	s.known.members = make(map[node.ID]bool, len(members))
	for _, m := range members {
		s.known.members[m] = true
		if !before[m] && m != s.cluster.Self() {
			s.peers.NodeUp(m)
		}
	}
}

// probe has the time to each other node taken, at most once a second.
func (s *Server) probe() {
	const pause = time.Second
	last, now := s.lastProbe.Load(), time.Now().UnixNano()
	if s.takesUsers.Load() && now-last >= int64(pause) && s.lastProbe.CompareAndSwap(last, now) {
		s.peers.Probe(s.cluster.Members())
	}
}

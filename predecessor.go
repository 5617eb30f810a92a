package parley

import (
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// A session that is replaced by a newer one of the same user tells the newer one's node so, and
// sends the user's data along if its own node stops:
//
//	evict ── PortSessions: older SID, data ──▶ predecessors ──▶ Admit: data, OnNew, OnSIDUpdate
//	  └──▶ directory: evicted ──▶ owner ──▶ confirmed ──────────────┘
//
// The packet leaves before the directory hears that the older session has ended. So it is there
// before the login is confirmed if the owner is one of the two nodes, and nearly always if it is a
// third one; else the newer session gets it a moment after its login. A node of an older version
// ignores the port.

const (
	// predecessorTime is how long what an older session has told waits for the newer one's login.
	predecessorTime = 10 * time.Second
	// maxPredecessorBytes bounds what waits so.
	maxPredecessorBytes = 64 << 20
	// leftBehindPause is how often the log tells of values that are left behind.
	leftBehindPause = 10 * time.Second
)

// predecessor is the older session that a newer one has replaced.
type predecessor struct {
	sid  node.SID
	data []byte // packed; empty if its node did not stop
}

// predecessors holds what older sessions have told, by the SID of the newer one, until its login.
type predecessors struct {
	mu      sync.Mutex
	waiting map[node.SID]waitingPredecessor // guarded by mu
	bytes   int                             // guarded by mu
}

type waitingPredecessor struct {
	predecessor

	expiry *time.Timer
}

// put keeps what an older session has told. It returns false if there is no room.
func (p *predecessors) put(newer node.SID, older predecessor) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deleteLocked(newer)
	if p.bytes+len(older.data) > maxPredecessorBytes {
		return false
	}
	if p.waiting == nil {
		p.waiting = make(map[node.SID]waitingPredecessor)
	}
	p.bytes += len(older.data)
	p.waiting[newer] = waitingPredecessor{older, time.AfterFunc(predecessorTime, func() { p.take(newer) })}

	return true
}

// take removes and returns what was told to a session; false if nothing was.
func (p *predecessors) take(newer node.SID) (predecessor, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.deleteLocked(newer)
}

func (p *predecessors) deleteLocked(newer node.SID) (predecessor, bool) {
	w, ok := p.waiting[newer]
	if ok {
		w.expiry.Stop()
		p.bytes -= len(w.data)
		delete(p.waiting, newer)
	}

	return w.predecessor, ok
}

// tellSuccessor tells the newer session of a user, at next, which one it replaces. It does not
// block.
func (s *Server) tellSuccessor(u *user.User, sid node.SID, next node.Place) {
	if !sessions.Of(u).WasRegistered() { // its login was under way: the program never saw it
		s.passPredecessorOn(u.ID, sid, next)

		return
	}
	if !s.connected(u) && !s.lingering.Has(sid) {
		return // the user has left, and comes anew
	}
	if !s.stopping.Load() {
		s.sendPredecessor(u.ID, predecessor{sid: sid}, next)

		return
	}
	if packed, left, ok := sessions.Pack(u, false); ok {
		s.leftBehind.note(s.log, u, left)
		s.sendPredecessor(u.ID, predecessor{sid, packed}, next)

		return
	}
	release := s.lingering.Hold()
	s.serving.Go(func() { // the program's functions run, or hold the user's data
		defer release()
		packed, left, _ := sessions.Pack(u, true)
		s.leftBehind.note(s.log, u, left)
		s.sendPredecessor(u.ID, predecessor{sid, packed}, next)
	})
}

// connected reports whether the session is in the registry.
func (s *Server) connected(u *user.User) bool { return s.users.BySID(u.SID) == u }

// passPredecessorOn passes what a session was told, which never began, on to the one that has come
// in its place.
func (s *Server) passPredecessorOn(userID string, sid node.SID, next node.Place) {
	if older, ok := s.predecessors.take(sid); ok {
		s.sendPredecessor(userID, older, next)
	}
}

// sendPredecessor sends newer SID, older SID, data.
func (s *Server) sendPredecessor(userID string, older predecessor, next node.Place) {
	packet := append(make([]byte, 0, len(next.SID)+len(older.sid)+len(older.data)), next.SID[:]...)
	packet = append(append(packet, older.sid[:]...), older.data...)
	if next.Node == s.cluster.Self() {
		s.handlePredecessor(next.Node, packet)

		return
	}
	if err := s.cluster.Sender(cluster.PortSessions).Send(next.Node, packet); err != nil {
		s.log.Warn("a user's data could not be sent to the node of the newer session",
			"user", userID, "node", next.Node.String(), "bytes", len(older.data), "error", err)
	}
}

// handlePredecessor runs at the newer session's node: it takes what the older session tells. It
// does not block.
func (s *Server) handlePredecessor(from node.ID, packet []byte) {
	r := node.Reader{B: packet}
	newer, older := r.SID(), predecessor{sid: r.SID()}
	if r.Bad || len(r.B) > user.MaxMovedBytes {
		s.log.Warn("a packet of another node was dropped: it is no user's data", "node", from.String(), "bytes", len(packet))

		return
	}
	older.data = append([]byte(nil), r.B...)
	if !s.predecessors.put(newer, older) {
		s.log.Warn("a user's data were dropped: those of too many users wait for their logins", "from", from.String())

		return
	}
	if _, inTransition := s.inTransition.Load(newer); inTransition {
		return // Admit takes it in its turn
	}
	if u := s.users.BySID(newer.String()); u != nil {
		s.serving.Go(func() { s.applyPredecessor(u) })
	}
}

// settle ends the login of a session that is in the registry. What it is told from now on finds it
// there; so it looks afterwards at what it was told before.
func (s *Server) settle(u *user.User, sid node.SID) {
	s.inTransition.Delete(sid)
	s.applyPredecessor(u)
}

// applyPredecessor gives a session of this node the data of the older one and runs OnSIDUpdate, if
// the older one has told it.
func (s *Server) applyPredecessor(u *user.User) {
	if older, ok := s.predecessors.take(sessions.Of(u).SID()); ok {
		s.unpackData(u, older)
		sessions.RunOnSIDUpdate(s.users, u, older.sid.String())
	}
}

func (s *Server) unpackData(u *user.User, older predecessor) {
	s.leftBehind.note(s.log, u, sessions.Unpack(u, older.data))
}

// leftBehindLog tells of values that do not go along to a newer session: once for each type, and of
// the rest every few seconds.
type leftBehindLog struct {
	types sync.Map // by name
	rest  rate.Sometimes
}

func (l *leftBehindLog) note(log *slog.Logger, u *user.User, left []sessions.LeftBehind) {
	for _, v := range left {
		tell := func() {
			log.Warn("a value of a user's data does not go along to the newer session",
				"user", u.ID, "key", v.Key, "type", v.Type, "error", v.Err)
		}
		if _, known := l.types.LoadOrStore(v.Type, true); !known {
			tell()
		} else {
			l.rest.Do(tell)
		}
	}
}

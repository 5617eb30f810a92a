package runtime

import (
	"errors"
	"slices"
	"time"

	"github.com/parley-dm/parley/dm/internal/codec"
	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

// retainReplaced is how long a session that was replaced, is over or never began is remembered, for
// what still comes to it.
const retainReplaced = 5 * time.Second

// pendingHandover waits for its session's login.
type pendingHandover struct {
	*core.Handover

	came int64 // by sweep.now
}

// HandOver implements messages.Engine.
func (m *Runtime) HandOver(u *user.User, next node.Place) (newestEpoch uint64) {
	s, now := m.lockSession(u), m.sweep.now.Load()
	s.effects = s.core.Replace(s.effects, now, next, now+int64(retainReplaced))
	newestEpoch = s.core.NewestEpoch()
	s.countClosed()
	s.endEvent()
	m.replayPending(s.place.SID)

	return newestEpoch
}

// passOn carries a handover to the node of the newer session.
func (m *Runtime) passOn(to core.Node, h *core.Handover) {
	if to == m.self {
		m.handover(h)

		return
	}
	err := m.parts.Nodes.Send(to, codec.AppendHandover(nil, h))
	if err == nil {
		return
	}
	m.parts.Log.Debug("dm: a channel could not be handed over", "user", h.User, "node", to.Name, "error", err)
	if errors.Is(err, node.ErrNoNode) { // it died before it could tell the peers
		for _, k := range h.Channels {
			m.tell(k.At.Node, &core.Relocation{Peer: k.At.SID, Old: h.Old, Now: core.Place{Node: to, SID: h.Now}, User: h.User})
		}
	}
}

// handover takes over the channels of an older session. The newer one may not have been welcomed
// yet: then they wait for it; or it may have been replaced in turn: then they follow.
func (m *Runtime) handover(h *core.Handover) {
	if s := m.lockKnown(h.Now); s != nil {
		if next := s.core.Next(); next.Known() {
			s.endEvent()
			onward := *h
			onward.Now = next.SID
			m.passOn(next.Node, &onward)

			return
		}
		m.takeOver(s, h)

		return
	}
	m.pendingHandovers.Compute(h.Now, func(old []pendingHandover, _ bool) ([]pendingHandover, computeOp) {
		return append(slices.Clip(old), pendingHandover{h, m.sweep.now.Load()}), updateOp
	})
	if u := m.parts.Users.ByUID(h.User); u != nil && sidOf(u) == h.Now {
		m.Joined(u)
	} else if s := m.lockKnown(h.Now); s != nil { // replaced meanwhile
		s.endEvent()
		m.replayPending(h.Now)
	} else if _, closed := m.closedSessions.Load(h.Now); closed {
		m.failHandover(h.Now)
	}
}

// replayPending handles anew what has waited for a session.
func (m *Runtime) replayPending(sid core.SID) {
	waited, _ := m.pendingHandovers.LoadAndDelete(sid)
	for _, h := range waited {
		m.handover(h.Handover)
	}
}

// Joined implements messages.Engine.
func (m *Runtime) Joined(u *user.User) {
	sid := sidOf(u)
	if _, ok := m.pendingHandovers.Load(sid); !ok {
		return
	}
	s := m.lockSessionAs(u, sid, false)
	waited, _ := m.pendingHandovers.LoadAndDelete(sid) // under the lock: what finds none waiting finds the channels in the session
	m.takeOver(s, handovers(waited)...)
}

func handovers(waited []pendingHandover) (list []*core.Handover) {
	for _, h := range waited {
		list = append(list, h.Handover)
	}

	return list
}

// Abandoned implements messages.Engine.
func (m *Runtime) Abandoned(u *user.User) {
	sid := sidOf(u)
	m.noteClosed(sid)
	m.failHandover(sid)
}

// noteClosed notes that a session is over, or never began: what is handed over to it from now on
// waits for nothing.
func (m *Runtime) noteClosed(sid core.SID) { m.closedSessions.Store(sid, m.sweep.now.Load()) }

// failHandover tells the peers in what was handed over to a session that never came, or has gone,
// that the user is gone.
func (m *Runtime) failHandover(sid core.SID) {
	waited, _ := m.pendingHandovers.LoadAndDelete(sid)
	for _, h := range waited {
		m.closeUnknown(sid, h.Handover)
	}
}

// closeUnknown says goodbye to the peers for a session that does not exist.
func (m *Runtime) closeUnknown(sid core.SID, h *core.Handover) {
	u := user.CreateBlankUser(sid.String(), h.User)
	s := m.lockSessionAs(u, sidOf(u), false)
	s.core.MarkClosed()
	m.takeOver(s, h)
}

// takeOver makes the channels the session's own. The session is locked, and unlocked on return.
func (m *Runtime) takeOver(s *session, waited ...*core.Handover) {
	for _, h := range waited {
		s.effects = s.core.TakeOver(s.effects, time.Now().UnixNano(), h)
	}
	s.endEvent()
}

// tell tells a peer's node where a user is now.
func (m *Runtime) tell(to core.Node, r *core.Relocation) {
	if to == m.self {
		m.relocated(r)
	} else if err := m.parts.Nodes.Send(to, codec.AppendRelocation(nil, r)); err != nil {
		m.parts.Log.Debug("dm: a peer could not be told of a move", "user", r.User, "node", to.Name, "error", err)
	}
}

// relocated tells a session where its peer is now. If the session has not been welcomed yet, the
// relocation waits there with the channel.
func (m *Runtime) relocated(r *core.Relocation) {
	s := m.lockKnown(r.Peer)
	if s == nil && !m.relocateLater(r) {
		s = m.lockKnown(r.Peer) // it may have been welcomed just now
	}
	if s == nil {
		return
	}
	s.effects = s.core.OnRelocation(s.effects, m.sweep.now.Load(), r)
	s.endEvent()
}

// relocateLater keeps a relocation with the channel that waits for its session, if one does.
func (m *Runtime) relocateLater(r *core.Relocation) bool {
	_, waits := m.pendingHandovers.Compute(r.Peer, func(old []pendingHandover, loaded bool) ([]pendingHandover, computeOp) {
		if !loaded {
			return old, cancelOp
		}
		waited := slices.Clone(old)
		last := &waited[len(waited)-1]
		h := *last.Handover
		h.Moves = append(slices.Clip(h.Moves), *r)
		last.Handover = &h

		return waited, updateOp
	})

	return waits
}

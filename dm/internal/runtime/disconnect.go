package runtime

import (
	"context"
	"time"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// ClearCacheByUserID ends a channel: see dm.Module.
func (m *Runtime) ClearCacheByUserID(u *user.User, peer string, ver uint8, cmd uint16, message []byte) {
	if u == nil {
		return
	}
	if len(message) > m.settings.MaxMessageSize {
		m.callbacks.log.Warn("dm: the last message is too large and is not sent", "user", u.ID, "peer", peer, "bytes", len(message))
		message = nil
	}
	m.disconnect(u, peer, ver, cmd, message, nil)
}

// Disconnect ends a channel and waits for the peer's node: see dm.Module.
func (m *Runtime) Disconnect(ctx context.Context, from *user.User, peer string, ver uint8, cmd uint16, body []byte) (wire.Receipt, error) {
	switch {
	case from == nil:
		return wire.Receipt{}, noSender(peer)
	case len(body) > m.settings.MaxMessageSize:
		return wire.Receipt{}, codeError(wire.CodeTooLarge, peer)
	case !m.running.Load():
		return wire.Receipt{}, codeError(wire.CodeNodesNotFound, peer)
	}
	w := make(waiter, 1)
	if !m.disconnect(from, peer, ver, cmd, body, w) {
		return wire.Receipt{}, nil
	}

	return w.wait(ctx)
}

// disconnect ends a channel, and tells c when the other side has answered. It tells whether there
// was one.
func (m *Runtime) disconnect(from *user.User, peer string, ver uint8, cmd uint16, body []byte, c completion) bool {
	if !m.running.Load() {
		return false
	}
	s := m.lockOf(from)
	if s == nil {
		return false
	}
	conv := s.core.With([]byte(peer))
	if !s.core.MayDisconnect(conv) {
		s.endEvent()

		return false
	}
	if !s.roomForItem(conv, len(body)) {
		if c != nil {
			s.endEvent()
			m.refuse(c, codeError(wire.CodeOverloaded, peer))

			return true
		}
		body = nil // the end itself is not refused: there is one at most for each message
	}
	now := time.Now().UnixNano()
	s.effects = s.core.Disconnect(s.effects, now, conv, m.newItem(now, core.Clear, ver, cmd, body, c))
	s.endEvent()

	return true
}

// Leave implements messages.Engine.
func (m *Runtime) Leave(u *user.User, onDrained func(newestEpoch uint64)) {
	m.noteClosed(sidOf(u))
	s := m.lockOf(u)
	if s == nil {
		onDrained(sessions.Of(u).Stamp())

		return
	}
	var farewells map[string][]byte
	if s.core.State() != core.Replaced {
		farewells = s.farewells()
	}
	if s.forgotten || s.core.State() == core.Replaced { // it was forgotten or replaced, before or while the callbacks ran
		newest := s.core.NewestEpoch()
		s.endEvent()
		onDrained(newest)

		return
	}
	s.onDrained = onDrained
	s.countClosed()
	now := time.Now().UnixNano()
	s.effects = s.core.Close(s.effects, now, func(c *core.Conversation) *core.Item {
		return m.newItem(now, core.Leave, wire.EngineVer, wire.CommandDisconnect, farewells[c.Peer()], nil)
	})
	s.endEvent()
}

// farewells makes the last messages of a user, by the peer's user ID. The session is locked, but
// not while the callbacks run.
func (s *session) farewells() map[string][]byte {
	made := make(map[string][]byte)
	for {
		var missing []string
		for _, c := range s.core.Conversations() {
			if _, ok := made[c.Peer()]; !ok {
				missing = append(missing, c.Peer())
			}
		}
		if len(missing) == 0 {
			return made
		}
		s.mu.Unlock()
		for _, peer := range missing {
			made[peer] = s.m.callbacks.farewell(s.user, peer)
		}
		s.mu.Lock()
	}
}

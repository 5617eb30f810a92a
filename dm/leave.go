package dm

import (
	"github.com/parley-dm/parley/dm/internal/channel"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// ClearCacheByUserID ends the channel with the user yourUserID, on both sides. A message that is not empty is pushed to the peer's client with ver
// and cmd, after it has passed the same receive and message callbacks as any other; without one the peer's node runs its
// SetOnClearCache callbacks. Messages sent before arrive before. If there is no channel, nothing happens.
func (m *Module) ClearCacheByUserID(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte) {
	if len(message) > m.settings.MaxMessageSize {
		m.hooks.log.Warn("dm: the last message is too large and is not sent", "user", userData.ID, "peer", yourUserID, "bytes", len(message))
		message = nil
	}
	m.disconnect(userData, yourUserID, Message{ver, cmd, message}, nil)
}

// disconnect ends a channel, and tells c when the other side has answered. It tells whether there was one.
func (m *Module) disconnect(from *user.User, peerID string, msg Message, c completion) bool {
	if !m.running.Load() || from == nil {
		return false
	}
	p := m.known(sessionOf(from))
	if p == nil {
		return false
	}
	pr := p.peers[peerID]
	if pr == nil || pr.ch.Ending() || !pr.ch.Open() && pr.ch.Waiting() == 0 {
		p.unlock()

		return false
	}
	if !p.room(pr, len(msg.Body)) {
		if c != nil {
			p.unlock()
			m.refuse(peerID, c, ErrOverloaded)

			return true
		}
		msg.Body = nil // the end itself is not refused: there is one at most for each message
	}
	p.send(pr, newItem(channel.Clear, msg.Ver, msg.Cmd, msg.Body, c))
	p.unlock()

	return true
}

// Leave ends all channels of a user whose session is over, each with the message that the SetOnUserDisconnect callbacks make for that
// peer. What the user has sent before still arrives before. The user must be out of the registry. Gone is called once, on any goroutine, when
// all messages of the session have their true outcomes, with the newest epoch that it has used; a deadline is no outcome. Until then the
// directory should hold the session: messages for it find out here that it has left, behind its farewell, and the stamp of a newer one is
// above its epochs.
func (m *Module) Leave(u *user.User, gone func(newestEpoch uint64)) {
	sid := sessionOf(u)
	m.noteOver(sid)
	p := m.known(sid)
	if p == nil {
		gone(sessions.Of(u).Stamp())

		return
	}
	if p.next.Known() { // replaced meanwhile
		newest := p.newest()
		p.unlock()
		gone(newest)

		return
	}
	farewells := m.farewells(p)
	if p.dropped || p.next.Known() { // it had no peer and was forgotten, or was replaced, while the callbacks ran
		newest := p.newest()
		p.unlock()
		gone(newest)

		return
	}
	p.left, p.gone = true, gone
	p.end()
	for id, pr := range p.peers {
		p.send(pr, newItem(channel.Leave, engineVer, cmdDisconnect, farewells[id], nil))
	}
	p.tidyAll()
	p.unlock()
}

// farewells makes the last messages of a user, by the peer's user ID. The party is locked, but not while the callbacks run.
func (m *Module) farewells(p *party) map[string][]byte {
	made := make(map[string][]byte)
	for {
		missing := ""
		for id := range p.peers {
			if _, ok := made[id]; !ok {
				missing = id

				break
			}
		}
		if missing == "" {
			return made
		}
		p.mu.Unlock()
		made[missing] = m.hooks.farewell(p.user, missing)
		p.mu.Lock()
	}
}

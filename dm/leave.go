package dm

import (
	"time"

	"github.com/parley-dm/parley/dm/internal/channel"
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
// peer. What the user has sent before still arrives before. The user must be out of the registry. Gone is called, on any
// goroutine, once all peers have answered, or the time for that is over: until then the directory should hold the user, so that
// messages for it find out here that it has left, behind its farewell.
func (m *Module) Leave(u *user.User, gone func()) {
	sid := sessionOf(u)
	m.ended(sid)
	p := m.known(sid)
	if p == nil {
		gone()

		return
	}
	if p.next.Known() { // replaced meanwhile
		p.unlock()
		gone()

		return
	}
	m.leaving.Store(u.ID, p)
	farewells := make(map[string][]byte)
	for {
		missing := ""
		for id := range p.peers {
			if _, made := farewells[id]; !made {
				missing = id

				break
			}
		}
		if missing == "" {
			break
		}
		p.mu.Unlock() // the callbacks run without the lock
		farewells[missing] = m.hooks.farewell(u, missing)
		p.mu.Lock()
	}
	if p.dropped { // it had no peer, and was found to be over while the callbacks ran
		p.unlock()
		gone()
		m.left(u, p)

		return
	}
	p.left = true
	for id, pr := range p.peers {
		p.send(pr, newItem(channel.Leave, engineVer, cmdDisconnect, farewells[id], nil))
	}
	p.gone = func() {
		time.AfterFunc(linger, func() {
			gone()
			m.left(u, p)
		})
	}
	p.tidyAll()
	p.unlock()
}

// linger is how long one who has left is held on to after the farewells. To let go of a user loses the finds that are on their way at that
// moment, and right after a farewell is when peers ask.
const linger = 500 * time.Millisecond

// left forgets that a user is leaving.
func (m *Module) left(u *user.User, p *party) {
	m.leaving.Compute(u.ID, func(old *party, loaded bool) (*party, computeOp) {
		if loaded && old == p {
			return nil, deleteOp
		}

		return old, cancelOp
	})
}

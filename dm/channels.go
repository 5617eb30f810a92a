package dm

import (
	"context"
	"sort"
	"time"

	"github.com/parley-dm/parley/user"
)

// Channels lists the channels that a user of this node has, by the peer's user ID.
func (m *Module) Channels(u *user.User) []Channel {
	p := m.known(sessionOf(u))
	if p == nil {
		return nil
	}
	var list []Channel
	for _, pr := range p.peers {
		if pr.ch.Open() {
			list = append(list, Channel{Peer: pr.id, Node: pr.ch.Place().Node.Name, Used: time.Unix(0, pr.used)})
		}
	}
	p.unlock()
	sort.Slice(list, func(i, j int) bool { return list[i].Peer < list[j].Peer })

	return list
}

// Disconnect is ClearCacheByUserID for one who waits: it returns when the peer's node has answered. A message that is empty is
// not sent: the peer's node runs its SetOnClearCache callbacks. If there is no channel it returns at once, with no error and
// an empty receipt.
func (m *Module) Disconnect(ctx context.Context, from *user.User, peer string, msg Message) (Receipt, error) {
	if len(msg.Body) > m.settings.MaxMessageSize {
		return Receipt{}, &Error{UserID: peer, Err: ErrMessageTooLarge}
	}
	if !m.running.Load() {
		return Receipt{}, &Error{UserID: peer, Err: ErrNodesNotFound}
	}
	w := make(waiter, 1)
	if !m.disconnect(from, peer, msg, w) {
		return Receipt{}, nil
	}

	return w.wait(ctx)
}

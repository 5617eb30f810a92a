package operator

import (
	"fmt"
	"time"

	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// Banned is what the client of a banned user is told when it logs in, nil for any other user.
func (o *Operator) Banned(userID string) *gateway.Refusal {
	until, banned := o.bans.Until(userID)
	if !banned {
		return nil
	}

	return &gateway.Refusal{Code: wire.GoodbyeRemoved, Text: fmt.Sprintf("%s, and may not come back before %s", removedText, until.UTC().Format(time.RFC3339))}
}

// DismissBanned ends a session if its user is banned.
func (o *Operator) DismissBanned(u *user.User) {
	if r := o.Banned(u.ID); r != nil {
		remove(u, r.Text)
	}
}

// TellBans gives nodes that have entered the bans of this one. It does not block.
func (o *Operator) TellBans(members []node.ID) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before := o.known
	o.known = make(map[node.ID]bool, len(members))
	for _, m := range members {
		o.known[m] = true
		if !before[m] && m != o.cfg.Cluster.Self() {
			o.peers.NodeUp(m)
		}
	}
}

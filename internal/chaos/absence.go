package chaos

import (
	"context"
	"fmt"
	"time"
)

// absence is the time in which a user stays disconnected, until all its peers have the notice.
type absence struct {
	user    *user
	at      moment
	pending []pendingNotice
}

// pendingNotice is a notice that a peer must get.
type pendingNotice struct {
	peer    *user
	session *session // the peer's; the notice is due while it lives
}

// startAbsence keeps a user from connecting again, and finds the peers that must get a notice if
// the connection breaks now. A user without a live connection causes no notices.
func (u *user) startAbsence(all []*user) absence {
	u.mu.Lock()
	if u.absent == nil {
		u.absent = make(chan struct{})
	}
	s := u.session
	u.mu.Unlock()
	a := absence{user: u, at: u.history.now()}
	if s == nil || !s.alive() {
		return a
	}
	for _, peer := range all {
		if peer == u {
			continue
		}
		peer.mu.Lock()
		theirs := peer.session
		peer.mu.Unlock()
		if theirs == nil || !theirs.alive() || !theirs.node.healthy(a.at.add(-time.Second), forever) {
			continue
		}
		talked := max(u.history.flow(u, peer).channelSince(s, theirs), u.history.flow(peer, u).channelSince(theirs, s))
		if talked != never && peer.noticeSince(u, talked) == never {
			a.pending = append(a.pending, pendingNotice{peer, theirs})
		}
	}

	return a
}

// endAbsence lets the user connect again.
func (u *user) endAbsence() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.absent != nil {
		close(u.absent)
		u.absent = nil
	}
}

// channelSince returns when the last acknowledged message between two sessions was sent. From then
// on they have a channel.
func (f *flow) channelSince(via, by *session) moment {
	const most = 200 // older messages are not looked at
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.ops) - 1; i >= max(0, len(f.ops)-most); i-- {
		if x := &f.ops[i]; x.outcome == delivered && x.sentOn == via && x.receivedOn == by {
			return x.sent
		}
	}

	return never
}

// noticeSince returns when the user got the notice about a peer, at from or later; never if it did
// not.
func (u *user) noticeSince(of *user, from moment) moment {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, n := range u.notices {
		if n.peer == of && n.at >= from {
			return n.at
		}
	}

	return never
}

// awaitNotices waits until all pending notices have come, and returns how long each took. A peer
// that loses its connection no longer counts. Notices that do not come in time are violations.
func (a absence) awaitNotices(ctx context.Context, within time.Duration, why endCause) (times []time.Duration) {
	left := a.pending
	for {
		var still []pendingNotice
		for _, o := range left {
			if at := o.peer.noticeSince(a.user, a.at); at != never {
				times = append(times, at.since(a.at))
			} else if o.session.alive() {
				still = append(still, o)
			}
		}
		left = still
		if len(left) == 0 || a.user.history.now().since(a.at) > within || sleep(ctx, 5*time.Millisecond) != nil {
			break
		}
	}
	if ctx.Err() != nil {
		return times
	}
	for _, o := range left {
		a.user.history.violated(violation{rule: missingNotice, text: fmt.Sprintf("%s is gone since %v (%s), and %s has no notice after %v: %v",
			a.user.id, a.at, why, o.peer.id, within, o.session.record())})
	}

	return times
}

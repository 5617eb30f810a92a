package dm

import "github.com/parley-dm/parley/internal/sessions"

// ended is what is remembered of a user's sessions that are over but not forgotten yet.
type ended struct {
	sessions int
	newest   uint64 // the newest epoch that one of them has used
}

// nextEpoch counts the epochs of a session up from the stamp of its login: they are newer than those of all older sessions of the user,
// even if this session does not know yet that it was replaced. Above raises the count: a receiving side has taken that epoch, perhaps from
// another user. The count goes on from the present then, ahead of what that side may take from others meanwhile. The party is locked.
func (p *party) nextEpoch(above uint64) uint64 {
	if p.epoch == 0 {
		if p.epoch = sessions.Of(p.user).Stamp(); p.epoch == 0 { // a blank user
			p.epoch = uint64(p.m.parts.Clock.Now())
		}
	}
	if above > p.epoch {
		p.epoch = max(above, uint64(p.m.parts.Clock.Now()))
	}
	p.epoch++

	return p.epoch
}

// newest is the newest epoch that the session has used; the stamp of its login if it has used none. The party is locked.
func (p *party) newest() uint64 { return max(p.epoch, sessions.Of(p.user).Stamp()) }

// NewestEpoch is the newest epoch that sessions of the user on this node have used which are over and whose messages do not all have their
// true outcomes yet; 0 if there are none. A newer session's stamp must be above it.
func (m *Module) NewestEpoch(userID string) uint64 {
	e, _ := m.ended.Load(userID)

	return e.newest
}

// end notes that the party's session is over. The party is locked.
func (p *party) end() {
	if p.counted || p.user.IsBlank() {
		return
	}
	p.counted = true
	newest := p.newest()
	p.m.ended.Compute(p.user.ID, func(e ended, _ bool) (ended, computeOp) {
		return ended{e.sessions + 1, max(e.newest, newest)}, updateOp
	})
}

// forget is called when the party is dropped. The party is locked.
func (p *party) forget() {
	if p.epoch > 0 && !p.user.IsBlank() { // code of the server may still send for the user: that goes on from here
		sessions.Of(p.user).SetStamp(p.epoch)
	}
	if !p.counted {
		return
	}
	p.m.ended.Compute(p.user.ID, func(e ended, _ bool) (ended, computeOp) {
		if e.sessions <= 1 {
			return ended{}, deleteOp
		}

		return ended{e.sessions - 1, e.newest}, updateOp
	})
}

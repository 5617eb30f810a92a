package admin

import (
	"sync"
	"time"
)

// maxBans bounds the bans that a node keeps.
const maxBans = 100_000

// Bans are the users who may not log in, and until when. The zero value is empty. Safe for use by
// several goroutines.
type Bans struct {
	mu     sync.RWMutex
	until  map[string]time.Time // guarded by mu
	lifted map[string]time.Time // guarded by mu; when: what other nodes pass on may be older
	limit  int                  // for tests; 0: maxBans
}

// liftedFor is how long a lifted ban is remembered.
const liftedFor = time.Minute

// Set begins, changes or lifts a ban. It returns ErrTooManyBans if there is no room.
func (b *Bans) Set(ban Ban) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ban.For <= 0 {
		b.liftLocked(ban.User)

		return nil
	}
	if at, lifted := b.lifted[ban.User]; ban.Told && lifted && time.Since(at) < liftedFor {
		return nil
	}
	delete(b.lifted, ban.User)
	limit := b.limit
	if limit == 0 {
		limit = maxBans
	}
	if _, known := b.until[ban.User]; !known && len(b.until) >= limit && !b.makeRoomLocked(limit) {
		return ErrTooManyBans
	}
	if b.until == nil {
		b.until = make(map[string]time.Time)
	}
	b.until[ban.User] = time.Now().Add(ban.For)

	return nil
}

func (b *Bans) liftLocked(user string) {
	delete(b.until, user)
	if b.lifted == nil {
		b.lifted = make(map[string]time.Time)
	}
	now := time.Now()
	for user, at := range b.lifted {
		if now.Sub(at) >= liftedFor {
			delete(b.lifted, user)
		}
	}
	if len(b.lifted) < maxBans {
		b.lifted[user] = now
	}
}

// makeRoomLocked forgets bans that are over.
func (b *Bans) makeRoomLocked(limit int) bool {
	now := time.Now()
	for user, until := range b.until {
		if !until.After(now) {
			delete(b.until, user)
		}
	}

	return len(b.until) < limit
}

// Until tells whether a user is banned, and until when.
func (b *Bans) Until(userID string) (time.Time, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	until, ok := b.until[userID]

	return until, ok && until.After(time.Now())
}

// PassOn lists what another node is to know: the bans, and those that were lifted lately.
func (b *Bans) PassOn() []Ban {
	list := b.List()
	for i := range list {
		list[i].Told = true
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	for user, at := range b.lifted {
		if time.Since(at) < liftedFor {
			list = append(list, Ban{User: user, Told: true})
		}
	}

	return list
}

// List lists the bans with what is left of them.
func (b *Bans) List() []Ban {
	b.mu.RLock()
	defer b.mu.RUnlock()
	list := make([]Ban, 0, len(b.until))
	for user, until := range b.until {
		if left := time.Until(until); left > 0 {
			list = append(list, Ban{User: user, For: left})
		}
	}

	return list
}

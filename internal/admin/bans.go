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
	mu    sync.RWMutex
	until map[string]time.Time // guarded by mu
	limit int                  // for tests; 0: maxBans
}

// Set begins, changes or lifts a ban. It returns ErrTooManyBans if there is no room.
func (b *Bans) Set(ban Ban) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ban.For <= 0 {
		delete(b.until, ban.User)

		return nil
	}
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

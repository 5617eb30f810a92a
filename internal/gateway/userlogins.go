package gateway

import (
	"hash/maphash"
	"sync"
	"time"
)

// Logins of one user in a row: devices that throw each other out cost their node more than others
// do. The first few are free. Each further one moves the next on, by a time that doubles; a user
// that has not logged in for a while begins anew.

const (
	firstLoginDelay     = 100 * time.Millisecond
	longestLoginDelay   = 5 * time.Second
	loginQuietTime      = 10 * time.Second
	userLoginSets       = 4096
	userLoginsInSet     = 4
	userLoginDoublings  = 6 // firstLoginDelay << 6 is beyond the longest
	longestUserLoginJam = longestLoginDelay + loginQuietTime
)

// userLogins remembers the latest logins in a table of fixed size, by a hash with a seed of its
// own: a user that is forgotten early is delayed less, none is delayed for another.
type userLogins struct {
	free int // 0: none is delayed
	seed maphash.Seed
	now  func() time.Time

	mu   sync.Mutex
	sets [][userLoginsInSet]userLogin // guarded by mu; made for the first login
}

type userLogin struct {
	hash  uint64
	next  int64 // when the next login may be, in Unix milliseconds
	count int32 // logins in a row
}

func newUserLogins(free int) *userLogins {
	return &userLogins{free: max(0, free), seed: maphash.MakeSeed(), now: time.Now}
}

// delay returns how long a login of the user has to wait. Beyond longestLoginDelay it is refused,
// and does not count.
func (u *userLogins) delay(userID string) time.Duration {
	if u.free == 0 {
		return 0
	}
	hash := maphash.String(u.seed, userID) | 1 // 0 is an empty entry
	now := u.now().UnixMilli()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.sets == nil {
		u.sets = make([][userLoginsInSet]userLogin, userLoginSets)
	}
	e := u.find(hash)
	if e.hash != hash || now-e.next > loginQuietTime.Milliseconds() || e.next-now > longestUserLoginJam.Milliseconds() {
		*e = userLogin{hash: hash, next: now}
	}
	wait := max(0, time.Duration(e.next-now)*time.Millisecond)
	if wait > longestLoginDelay {
		return wait
	}
	e.next = max(e.next, now)
	if over := int(e.count) + 1 - u.free; over >= 0 {
		e.next += min(firstLoginDelay<<min(over, userLoginDoublings), longestLoginDelay).Milliseconds()
	}
	e.count++

	return wait
}

// find returns the entry of the hash, or the oldest of its set.
func (u *userLogins) find(hash uint64) *userLogin {
	set := &u.sets[hash/2%userLoginSets]
	oldest := &set[0]
	for i := range set {
		if set[i].hash == hash {
			return &set[i]
		}
		if set[i].next < oldest.next {
			oldest = &set[i]
		}
	}

	return oldest
}

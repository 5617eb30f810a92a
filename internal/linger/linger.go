package linger

import (
	"context"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

// Users are the users who are expected back elsewhere. The zero value lets none linger. Safe for
// use by several goroutines.
type Users struct {
	mu     sync.Mutex
	grace  time.Duration        // guarded by mu; not positive: none lingers
	users  map[node.SID]waiting // guarded by mu
	ending int                  // guarded by mu; users who leave just now, and what is held
	empty  chan struct{}        // guarded by mu; closed when there are none of both; nil: nothing waits for that
}

type waiting struct {
	user  *user.User
	timer *time.Timer
}

// Begin lets users linger from now on.
func (l *Users) Begin(grace time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grace = grace
}

// Add begins to wait for a user, and calls over when that was in vain. It returns false if no user
// lingers.
func (l *Users) Add(sid node.SID, u *user.User, over func()) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grace <= 0 {
		return false
	}
	if l.users == nil {
		l.users = make(map[node.SID]waiting)
	}
	l.users[sid] = waiting{u, time.AfterFunc(l.grace, over)}

	return true
}

// Has reports whether a user lingers under that SID.
func (l *Users) Has(sid node.SID) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.users[sid]

	return ok
}

// Remove ends the wait for a user, and runs then before it counts as ended. It does nothing if none
// lingers under that SID.
func (l *Users) Remove(sid node.SID, then func()) {
	l.mu.Lock()
	u, ok := l.users[sid]
	if !ok {
		l.mu.Unlock()

		return
	}
	u.timer.Stop()
	delete(l.users, sid)
	l.ending++
	l.mu.Unlock()
	then()
	l.release()
}

// Hold keeps Wait from returning until release is called: what belongs to a user is on its way to
// another node.
func (l *Users) Hold() (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending++

	return sync.OnceFunc(l.release)
}

func (l *Users) release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending--
	if l.ending == 0 && len(l.users) == 0 && l.empty != nil {
		close(l.empty)
		l.empty = nil
	}
}

// Wait waits until none lingers, or ctx ends: then no user lingers any more, and those that did are
// returned.
func (l *Users) Wait(ctx context.Context) (rest map[node.SID]*user.User) {
	l.mu.Lock()
	if len(l.users) == 0 && l.ending == 0 {
		l.grace = 0
		l.mu.Unlock()

		return nil
	}
	empty := make(chan struct{})
	l.empty = empty
	l.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.grace = 0
	rest = make(map[node.SID]*user.User, len(l.users))
	for sid, u := range l.users {
		rest[sid] = u.user
	}

	return rest
}

package dm_test

import (
	"maps"
	"slices"
	"sync"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/messages"
)

// asked is a directory whose lookups can be held up, and fail.
type asked struct {
	*directory.Directory

	asker *dm.Module

	mu   sync.Mutex
	shut bool              // guarded by mu
	fail bool              // guarded by mu
	held map[uint64]string // guarded by mu; user IDs by token
}

// Lookup implements dm.Directory.
func (a *asked) Lookup(userID string, token uint64) {
	a.mu.Lock()
	shut, fail := a.shut, a.fail
	if shut {
		a.held[token] = userID
	}
	a.mu.Unlock()
	switch {
	case fail:
		messages.Of(a.asker).LookupFailed(token)
	case !shut:
		a.Directory.Lookup(userID, token)
	}
}

// Cancel implements dm.Directory.
func (a *asked) Cancel(token uint64) {
	a.mu.Lock()
	_, held := a.held[token]
	delete(a.held, token)
	a.mu.Unlock()
	if !held {
		a.Directory.Cancel(token)
	}
}

func (a *asked) hold() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shut, a.held = true, make(map[uint64]string)
}

func (a *asked) release() {
	a.mu.Lock()
	held := a.held
	a.shut, a.held = false, nil
	a.mu.Unlock()
	for _, token := range slices.Sorted(maps.Keys(held)) {
		a.Directory.Lookup(held[token], token)
	}
}

// fails has all lookups fail from now on, or no more.
func (a *asked) fails(yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fail = yes
}

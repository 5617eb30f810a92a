package demopage

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/user"
)

const (
	// gatherTime is how long a change waits for further ones.
	gatherTime = 20 * time.Millisecond
	// lookTime is how often the members in view are looked at.
	lookTime = 50 * time.Millisecond
	// maxUsers bounds the users of a report, maxMessages its messages.
	maxUsers    = 200
	maxMessages = 500
)

// Reporter reports what one node sees. Its methods are safe for use by several goroutines.
type Reporter struct {
	users *user.Registry // set by Watch
	dirty atomic.Bool    // the users have changed since the last report
	wake  chan struct{}

	mu       sync.Mutex
	messages []Message // guarded by mu
	left     int       // guarded by mu
}

// NewReporter makes a reporter, which needs the node's users next: see Watch.
func NewReporter() *Reporter { return &Reporter{wake: make(chan struct{}, 1)} }

// Watch gives the reporter the node's users. It must be called once, before the node starts.
func (r *Reporter) Watch(users *user.Registry) {
	r.users = users
	users.OnNew(func(*user.User) { r.changed() })
	users.OnClosed(func(*user.User, user.Reason) { r.changed() })
}

func (r *Reporter) changed() {
	r.dirty.Store(true)
	r.notify()
}

func (r *Reporter) notify() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Add reports a message. It does not block.
func (r *Reporter) Add(m Message) {
	r.mu.Lock()
	if len(r.messages) < maxMessages {
		r.messages = append(r.messages, m)
	} else {
		r.left++
	}
	r.mu.Unlock()
	r.notify()
}

// Run gives reports to send until ctx ends. Members lists the IDs of the members that the node
// sees. Send is called by one goroutine.
func (r *Reporter) Run(ctx context.Context, members func() []string, send func(*Report)) {
	look := time.NewTicker(lookTime)
	defer look.Stop()
	var view []string
	r.dirty.Store(true)
	r.notify()
	for {
		select {
		case <-look.C:
		case <-r.wake:
			if !sleep(ctx, gatherTime) {
				return
			}
		case <-ctx.Done():
			return
		}
		var report Report
		if now := names(members()); !slices.Equal(now, view) {
			view = now
			report.View = now
		}
		if r.dirty.Swap(false) {
			report.Users = r.list()
		}
		r.mu.Lock()
		report.Messages, report.Left = r.messages, r.left
		r.messages, r.left = nil, 0
		r.mu.Unlock()
		if report.View != nil || report.Users != nil || report.Messages != nil {
			send(&report)
		}
	}
}

func (r *Reporter) list() *Users {
	u := &Users{List: []User{}}
	r.users.Range(func(of *user.User) bool {
		u.List = append(u.List, User{ID: of.ID, Transport: of.Transport(), Addr: of.GetClientAddr()})

		return len(u.List) < maxUsers
	})
	u.More = max(0, r.users.Count()-len(u.List))
	slices.SortFunc(u.List, func(a, b User) int { return strings.Compare(a.ID, b.ID) })

	return u
}

// names are the names in node IDs, sorted.
func names(ids []string) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = nameOf(id)
	}
	slices.Sort(list)

	return list
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

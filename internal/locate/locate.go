package locate

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/node"
)

// own is a bit of the tokens of lookups that are made here. Those of direct messages count up from
// 1.
const own = 1 << 63

// Lookups gives the directory's answers to those that have asked: Locate, and else the next Asker.
// Safe for use by several goroutines.
type Lookups struct {
	next directory.Asker

	last atomic.Uint64

	mu    sync.Mutex
	calls map[uint64]chan located // guarded by mu; by token; each has room for one
}

// Directory tells where users are: package directory.
type Directory interface {
	Lookup(userID string, token uint64)
	Cancel(token uint64)
}

// located is the answer to a lookup.
type located struct {
	place node.Place // the zero Place: the user is not connected
	err   error
}

var _ directory.Asker = (*Lookups)(nil)

// New returns lookups beside those of next.
func New(next directory.Asker) *Lookups {
	return &Lookups{next: next, calls: make(map[uint64]chan located)}
}

// Located implements directory.Asker.
func (l *Lookups) Located(token uint64, place node.Place) {
	if !l.answer(token, located{place: place}) {
		l.next.Located(token, place)
	}
}

// NotFound implements directory.Asker.
func (l *Lookups) NotFound(token uint64) {
	if !l.answer(token, located{}) {
		l.next.NotFound(token)
	}
}

// LookupFailed implements directory.Asker.
func (l *Lookups) LookupFailed(token uint64) {
	if !l.answer(token, located{err: directory.ErrUnsettled}) {
		l.next.LookupFailed(token)
	}
}

func (l *Lookups) answer(token uint64, a located) bool {
	if token&own == 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.calls[token]; c != nil {
		delete(l.calls, token)
		c <- a
	}

	return true
}

// Locate asks where users are, in the order of their IDs. The zero Place: a user is not connected.
// The error is directory.ErrUnsettled, or that of ctx.
func (l *Lookups) Locate(ctx context.Context, d Directory, ids []string) ([]node.Place, error) {
	tokens, answers := make([]uint64, len(ids)), make([]chan located, len(ids))
	l.mu.Lock()
	for i := range ids {
		tokens[i], answers[i] = own|l.last.Add(1), make(chan located, 1)
		l.calls[tokens[i]] = answers[i]
	}
	l.mu.Unlock()
	for i, id := range ids {
		d.Lookup(id, tokens[i])
	}
	places := make([]node.Place, len(ids))
	for i, answer := range answers {
		select {
		case a := <-answer:
			if a.err != nil {
				l.forget(d, tokens[i+1:])

				return nil, a.err
			}
			places[i] = a.place
		case <-ctx.Done():
			l.forget(d, tokens[i:])

			return nil, ctx.Err()
		}
	}

	return places, nil
}

// forget gives lookups up.
func (l *Lookups) forget(d Directory, tokens []uint64) {
	for _, t := range tokens {
		l.mu.Lock()
		_, out := l.calls[t]
		delete(l.calls, t)
		l.mu.Unlock()
		if out {
			d.Cancel(t)
		}
	}
}

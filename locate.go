package parley

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/internal/node"
)

// operatorToken is a bit of the tokens of operators' lookups. Those of direct messages count up
// from 1.
const operatorToken = 1 << 63

// lookups gives the directory's answers to those that have asked: direct messages, and operators.
type lookups struct {
	messages.Engine

	last atomic.Uint64

	mu    sync.Mutex
	calls map[uint64]chan located // guarded by mu; operators' lookups by token; each has room for one
}

// located is the answer to a lookup.
type located struct {
	place node.Place // the zero Place: the user is not connected
	err   error
}

var _ directory.Asker = (*lookups)(nil)

func newLookups(e messages.Engine) *lookups {
	return &lookups{Engine: e, calls: make(map[uint64]chan located)}
}

// Located implements directory.Asker.
func (l *lookups) Located(token uint64, place node.Place) {
	if !l.answer(token, located{place: place}) {
		l.Engine.Located(token, place)
	}
}

// NotFound implements directory.Asker.
func (l *lookups) NotFound(token uint64) {
	if !l.answer(token, located{}) {
		l.Engine.NotFound(token)
	}
}

// LookupFailed implements directory.Asker.
func (l *lookups) LookupFailed(token uint64) {
	if !l.answer(token, located{err: directory.ErrUnsettled}) {
		l.Engine.LookupFailed(token)
	}
}

func (l *lookups) answer(token uint64, a located) bool {
	if token&operatorToken == 0 {
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

// locate asks where users are, in the order of their IDs. The zero Place: a user is not connected.
func (l *lookups) locate(ctx context.Context, d *directory.Directory, ids []string) ([]node.Place, error) {
	tokens, answers := make([]uint64, len(ids)), make([]chan located, len(ids))
	l.mu.Lock()
	for i := range ids {
		tokens[i], answers[i] = operatorToken|l.last.Add(1), make(chan located, 1)
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
func (l *lookups) forget(d *directory.Directory, tokens []uint64) {
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

package overview

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// Errors of Watch. Test with errors.Is.
var (
	// ErrTooMany: there are as many watchers as there may be.
	ErrTooMany = errors.New("too many dashboards are open at this node: try another one")
	// ErrStopped: the node stops.
	ErrStopped = errors.New("the node stops")
)

const (
	// Every is the time from one round to the next.
	Every = time.Second
	// maxWatchers bounds the watchers of one node.
	maxWatchers = 64
)

// Watch asks all nodes for their part of the picture, once each second, as long as there is a
// watcher. Safe for use by several goroutines.
type Watch struct {
	ask func(ctx context.Context, after func(id string) uint64) Round

	loops sync.WaitGroup

	mu       sync.Mutex
	watchers map[chan []byte]bool // guarded by mu; each has room for one picture
	last     []byte               // guarded by mu; the newest picture; nil: none, or nothing runs
	cancel   context.CancelFunc   // guarded by mu; of the loop that runs; nil: none does
	stopped  chan struct{}        // closed with mu held
}

// NewWatch makes a Watch, which begins with the first watcher. Ask asks all members; it returns
// when ctx ends, and before the next round is due. Stop it.
func NewWatch(ask func(ctx context.Context, after func(id string) uint64) Round) *Watch {
	return &Watch{ask: ask, watchers: make(map[chan []byte]bool), stopped: make(chan struct{})}
}

// Pictures gives each new picture as JSON to send, until ctx ends, the Watch is stopped, or send
// returns an error. A watcher that is slow misses pictures. Errors: ErrTooMany, ErrStopped, send's,
// ctx's.
func (w *Watch) Pictures(ctx context.Context, send func(picture []byte) error) error {
	pictures, err := w.enter() //nolint:contextcheck // the rounds are for all watchers
	if err != nil {
		return err
	}
	defer w.leave(pictures)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.stopped:
			return ErrStopped
		case p := <-pictures:
			if err := send(p); err != nil {
				return err
			}
		}
	}
}

// Stop sends all watchers away.
func (w *Watch) Stop() {
	w.mu.Lock()
	if !w.isStopped() {
		close(w.stopped)
	}
	w.endLocked()
	w.mu.Unlock()
	w.loops.Wait()
}

func (w *Watch) isStopped() bool {
	select {
	case <-w.stopped:
		return true
	default:
		return false
	}
}

func (w *Watch) enter() (chan []byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.isStopped():
		return nil, ErrStopped
	case len(w.watchers) >= maxWatchers:
		return nil, ErrTooMany
	}
	pictures := make(chan []byte, 1)
	w.watchers[pictures] = true
	if w.last != nil {
		pictures <- w.last
	}
	if w.cancel == nil {
		ctx, cancel := context.WithCancel(context.Background())
		w.cancel = cancel
		w.loops.Go(func() { w.run(ctx) })
	}

	return pictures, nil
}

func (w *Watch) leave(pictures chan []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.watchers, pictures)
	if len(w.watchers) == 0 {
		w.endLocked()
	}
}

// endLocked ends the loop that runs.
func (w *Watch) endLocked() {
	if w.cancel != nil {
		w.cancel()
	}
	w.cancel, w.last = nil, nil
}

// run makes pictures until ctx ends.
func (w *Watch) run(ctx context.Context) {
	t := time.NewTicker(Every)
	defer t.Stop()
	var b Board
	for {
		r := w.ask(ctx, b.After)
		if picture, err := json.Marshal(b.Update(r)); err == nil { // else a moment is out of range
			w.show(ctx, picture)
		}
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// show gives a picture to all watchers, in place of one that they have not taken.
func (w *Watch) show(ctx context.Context, picture []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() != nil {
		return // another loop may run
	}
	w.last = picture
	for pictures := range w.watchers {
		select {
		case <-pictures:
		default:
		}
		pictures <- picture
	}
}

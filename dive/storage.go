package dive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/parley-dm/parley/dive/internal/bucket"
	"github.com/parley-dm/parley/internal/value"
)

const maxKey = 200

// PushCallback may change what is about to be pushed: it returns the values to push instead. If it
// returns none, nothing is pushed.
type PushCallback func(key string, values []any) []any

// RangeCallback may change what LRange is about to return.
type RangeCallback func(key string, results []*Result) []*Result

// Storage is a map from keys to values that all nodes share. Its methods are safe for use by
// several goroutines, on any number of nodes; each is atomic.
type Storage struct {
	name    string
	options Options
	module  *Module

	started chan struct{}  // closed when bucket is set
	bucket  *bucket.Bucket // written before started is closed

	mu      sync.Mutex
	onPush  []PushCallback  // guarded by mu
	onRange []RangeCallback // guarded by mu
}

func newStorage(m *Module, name string, o Options) *Storage {
	return &Storage{name: name, options: o, module: m, started: make(chan struct{})}
}

// Name is the storage's name.
func (s *Storage) Name() string { return s.name }

// SetOnPush adds a callback to LPush, RPush and their other forms. It runs once for each call,
// on the caller's goroutine, after those added before it.
func (s *Storage) SetOnPush(cb PushCallback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onPush = append(slices.Clip(s.onPush), cb)
}

// SetOnLRange adds a callback to LRange and its other forms. It runs on the caller's goroutine,
// after those added before it.
func (s *Storage) SetOnLRange(cb RangeCallback) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onRange = append(slices.Clip(s.onRange), cb)
}

// operation is one call of a method, from begin to end.
type operation struct {
	name   string
	s      *Storage
	key    string
	bucket *bucket.Bucket
	cancel context.CancelFunc
}

// begin checks the key and waits for the storage to be started. After it without an error, end must
// be called.
func (s *Storage) begin(ctx context.Context, name, key string) (context.Context, *operation, error) {
	o := &operation{name: name, s: s, key: key}
	if key == "" || len(key) > maxKey {
		return nil, nil, o.failed(fmt.Errorf("%w: it has %d bytes: keys have 1 to %d", ErrInvalidKey, len(key), maxKey))
	}

	ctx, err := o.open(ctx)

	return ctx, o, err
}

// open bounds ctx by the storage's timeout, and waits for the storage to be started.
func (o *operation) open(ctx context.Context) (context.Context, error) {
	ctx, o.cancel = context.WithTimeout(ctx, o.s.options.Timeout)
	o.s.module.underWay.Add(1)
	select {
	case <-o.s.started:
		o.bucket = o.s.bucket

		return ctx, nil
	case <-ctx.Done():
	case <-o.s.module.life.Done():
	}
	o.end()

	return nil, o.failed(fmt.Errorf("%w: the node has not started, or has stopped", ErrUnavailable))
}

func (o *operation) end() {
	o.cancel()
	o.s.module.underWay.Add(-1)
}

// failed gives an error its place; nil stays nil.
func (o *operation) failed(err error) error {
	if err == nil {
		return nil
	}
	if _, placed := errors.AsType[*Error](err); placed {
		return err
	}

	return &Error{Op: o.name, Storage: o.s.name, Key: o.key, Err: err}
}

// update runs a compare-and-set loop.
func (o *operation) update(ctx context.Context, change func(old []byte) (bucket.Change, error)) error {
	return o.failed(o.bucket.Update(ctx, o.key, change))
}

func (o *operation) result(held any, err error) *Result {
	return &Result{op: o.name, storage: o.s.name, key: o.key, held: held, err: o.failed(err)}
}

// decoded is the result of encoded bytes; nil is a key that is not there.
func (o *operation) decoded(b []byte) *Result {
	if b == nil {
		return o.result(nil, ErrNotFound)
	}

	return o.result(value.Decode(b))
}

// refused is the result of an operation that has not begun.
func (s *Storage) refused(name, key string, err error) *Result {
	return &Result{op: name, storage: s.name, key: key, err: (&operation{name: name, s: s, key: key}).failed(err)}
}

// ttl is what an operation without a time to live of its own gives.
func (s *Storage) ttl() int64 { return int64(s.options.DefaultTTL) }

// waitIdle waits until no operation is under way, or ctx ends.
func (m *Module) waitIdle(ctx context.Context) {
	const interval = 5 * time.Millisecond
	t := time.NewTicker(interval)
	defer t.Stop()
	for m.underWay.Load() > 0 && ctx.Err() == nil {
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
}

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

	counters map[string]*counters // by operation

	mu      sync.Mutex
	onPush  []PushCallback  // guarded by mu
	onRange []RangeCallback // guarded by mu
}

func newStorage(m *Module, name string, o Options) *Storage {
	return &Storage{name: name, options: o, module: m, started: make(chan struct{}), counters: newCounters()}
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
	begun  time.Time
	err    error // with which it ends; nil: it has done what was asked for
}

// run runs one call of a method.
func (s *Storage) run(ctx context.Context, name, key string, call func(ctx context.Context, o *operation) error) error {
	ctx, o, err := s.begin(ctx, name, key)
	if err != nil {
		return err
	}
	defer o.end()

	return o.failed(call(ctx, o))
}

// read is run for a method with a result.
func (s *Storage) read(ctx context.Context, name, key string, call func(ctx context.Context, o *operation) (any, error)) *Result {
	r := &Result{op: name, storage: s.name, key: key}
	r.err = s.run(ctx, name, key, func(ctx context.Context, o *operation) (err error) {
		r.held, err = call(ctx, o)

		return err
	})

	return r
}

// begin checks the key and waits for the storage to be started. After it without an error, end must
// be called.
func (s *Storage) begin(ctx context.Context, name, key string) (context.Context, *operation, error) {
	o := &operation{name: name, s: s, key: key}
	if key == "" || len(key) > maxKey {
		o.s.counters[name].count(ErrInvalidKey, 0)

		return nil, nil, o.failed(fmt.Errorf("%w: it has %d bytes: keys have 1 to %d", ErrInvalidKey, len(key), maxKey))
	}

	ctx, err := o.open(ctx)

	return ctx, o, err
}

// open bounds ctx by the storage's timeout, and waits for the storage to be started.
func (o *operation) open(ctx context.Context) (context.Context, error) {
	ctx, o.cancel = context.WithTimeout(ctx, o.s.options.Timeout)
	o.s.module.underWay.Add(1)
	o.begun = time.Now()
	select {
	case <-o.s.started:
		o.bucket = o.s.bucket

		return ctx, nil
	case <-ctx.Done():
	case <-o.s.module.life.Done():
	}
	err := o.failed(fmt.Errorf("%w: the node has not started, or has stopped", ErrUnavailable))
	o.end()

	return nil, err
}

func (o *operation) end() {
	o.cancel()
	o.s.counters[o.name].count(o.err, time.Since(o.begun))
	o.s.module.underWay.Add(-1)
}

// failed gives an error its place, and remembers it; nil stays nil.
func (o *operation) failed(err error) error {
	if err == nil {
		return nil
	}
	o.err = err
	if _, placed := errors.AsType[*Error](err); placed {
		return err
	}

	return &Error{Op: o.name, Storage: o.s.name, Key: o.key, Err: err}
}

// update runs a compare-and-set loop.
func (o *operation) update(ctx context.Context, change func(old []byte) (bucket.Change, error)) error {
	return o.bucket.Update(ctx, o.key, change)
}

// decode decodes what a key holds; nil is a key that is not there.
func decode(b []byte) (any, error) {
	if b == nil {
		return nil, ErrNotFound
	}

	return value.Decode(b)
}

// decoded is the result of encoded bytes.
func (o *operation) decoded(b []byte) *Result {
	held, err := decode(b)

	return &Result{op: o.name, storage: o.s.name, key: o.key, held: held, err: o.failed(err)}
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

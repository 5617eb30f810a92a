package dive

import (
	"context"
)

// Watch returns a channel of the key's value, and then of each newer one, until ctx ends or the
// node stops; then the channel is closed. Where the key is not there, or not any more, the result's
// error is [ErrNotFound]. Values that follow each other quickly may be left out, but for the
// newest. The channel must be read: the next value waits until the one before is taken.
func (s *Storage) Watch(ctx context.Context, key string) (<-chan *Result, error) {
	begin, o, err := s.begin(ctx, opWatch, key)
	if err != nil {
		return nil, err
	}
	defer o.end()
	first, w, err := o.bucket.Watch(begin, key)
	if err != nil {
		return nil, o.failed(err)
	}
	seen := &operation{name: opWatch, s: s, key: key} // o ends before
	results := make(chan *Result, 1)
	results <- seen.decoded(first)
	ctx, cancel := context.WithCancel(ctx)
	endWithModule := context.AfterFunc(s.module.life, cancel) //nolint:contextcheck // the module's life bounds it too
	stop := context.AfterFunc(ctx, w.Stop)
	if !s.module.run(func() {
		defer close(results)
		defer cancel()
		defer endWithModule()
		defer stop()
		defer w.Stop()
		for {
			next, err := w.Next()
			if err != nil {
				return
			}
			select {
			case results <- seen.decoded(next):
			case <-ctx.Done():
				return
			}
		}
	}) {
		w.Stop()
		cancel()
		close(results)
	}

	return results, nil
}

// run runs f in the background, unless the module has stopped.
func (m *Module) run(f func()) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped {
		return false
	}
	m.background.Go(f)

	return true
}

// Keys lists the keys that begin with prefix, in the order of their last writes. It reads the heads
// of all entries of the storage: it is made for tools and starts, not for each message.
func (s *Storage) Keys(ctx context.Context, prefix string) ([]string, error) {
	o := &operation{name: opKeys, s: s}
	ctx, err := o.open(ctx)
	if err != nil {
		return nil, err
	}
	defer o.end()
	keys, err := o.bucket.Keys(ctx, prefix)

	return keys, o.failed(err)
}

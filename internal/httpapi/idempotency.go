package httpapi

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

const (
	// keepKeys is how long an Idempotency-Key is honoured.
	keepKeys = 10 * time.Minute
	// maxKeys bounds the keys that are kept: beyond it requests with a key are refused.
	maxKeys = 100_000
	// maxKey is the length of the longest key, in bytes.
	maxKey = 255
)

// idempotency keeps what became of messages with an Idempotency-Key, so that a request that is
// repeated sends nothing. Safe for use by several goroutines.
type idempotency struct {
	mu   sync.Mutex
	kept map[string]*sending // guarded by mu
	old  []string            // guarded by mu; keys in the order in which they are to be forgotten
}

// sending is a message that is on its way, or was sent.
type sending struct {
	body    [sha256.Size]byte // hash of the request
	done    chan struct{}     // closed when the outcome is known
	expires time.Time

	// Fixed once done.
	receipt wire.Receipt
	err     error
}

func newIdempotency() *idempotency { return &idempotency{kept: make(map[string]*sending)} }

// do sends, unless a request with this key has sent before, or does: then it waits for that one's
// outcome. A message that was certainly not sent is tried again. Send runs to its end, whatever
// becomes of the request that has begun it.
func (k *idempotency) do(
	ctx context.Context, key string, body []byte, send func(context.Context) (wire.Receipt, error),
) (r wire.Receipt, again bool, err error) {
	if key == "" {
		r, err = send(ctx)

		return r, false, err
	}
	s, mine, err := k.begin(key, sha256.Sum256(body))
	switch {
	case err != nil:
		return r, false, err
	case mine:
		defer close(s.done)
		s.err = FromCode(wire.CodeInternal, "sending has panicked")
		s.receipt, s.err = send(context.WithoutCancel(ctx))

		return s.receipt, false, s.err
	}
	select {
	case <-s.done:
		return s.receipt, true, s.err
	case <-ctx.Done():
		return r, true, ctx.Err()
	}
}

// begin finds the message with this key, or makes one that its caller is to send.
func (k *idempotency) begin(key string, hash [sha256.Size]byte) (s *sending, mine bool, err error) {
	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.forgetLocked(now)
	s = k.kept[key]
	switch {
	case s != nil && s.body != hash:
		return nil, false, problem(http.StatusUnprocessableEntity, "this Idempotency-Key was used for another message: take a new one")
	case s != nil && !s.failed():
		return s, false, nil
	case s == nil && len(k.kept) >= maxKeys:
		return nil, false, FromCode(wire.CodeOverloaded, "too many idempotency keys are kept: try again later")
	case s == nil:
		k.old = append(k.old, key)
	}
	s = &sending{body: hash, done: make(chan struct{}), expires: now.Add(keepKeys)}
	k.kept[key] = s

	return s, true, nil
}

// failed tells whether the message was certainly not sent.
func (s *sending) failed() bool {
	select {
	case <-s.done:
		return s.err != nil && !mayBeSent(s.err)
	default:
		return false
	}
}

// mayBeSent tells whether a message with this error may have arrived.
func mayBeSent(err error) bool {
	code := problemOf(err).Code

	return code == wire.CodeTimeout || code == wire.CodeInternal
}

// forgetLocked forgets keys that are too old.
func (k *idempotency) forgetLocked(now time.Time) {
	for len(k.old) > 0 {
		if k.kept[k.old[0]].expires.After(now) {
			return
		}
		delete(k.kept, k.old[0])
		k.old = k.old[1:]
	}
}

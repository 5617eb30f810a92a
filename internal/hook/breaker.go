package hook

import (
	"sync"
	"time"
)

const (
	// maxFailures in a row open the breaker.
	maxFailures = 5
	// openTime is how long it stays open. Then one question is asked, which closes it or opens it
	// again.
	openTime = 5 * time.Second
)

// breaker keeps a server that fails from being asked. The zero value is closed.
type breaker struct {
	mu       sync.Mutex
	failures int       // in a row; guarded by mu
	until    time.Time // open until then; guarded by mu
}

// allows tells whether a question may be asked.
func (b *breaker) allows(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < maxFailures {
		return true
	}
	if now.Before(b.until) {
		return false
	}
	b.until = now.Add(openTime) // this one is the trial

	return true
}

func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures = 0
}

// failed returns true if the breaker opens.
func (b *breaker) failed(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures++
	if b.failures >= maxFailures {
		b.until = now.Add(openTime)
	}

	return b.failures == maxFailures
}

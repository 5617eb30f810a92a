package quota

import "sync/atomic"

const (
	// Step is what a queue may hold without being counted, and the unit of counting, in bytes.
	Step = 16 << 10
	// share is the part of the free memory that one queue may hold.
	share = 8
)

// Pool is an amount of memory. The zero value is unlimited. Safe for use by several goroutines.
type Pool struct {
	limit   int64 // 0: none
	used    atomic.Int64
	refused atomic.Uint64
}

// New returns a pool of that many bytes; not positive: unlimited.
func New(limit int64) *Pool { return &Pool{limit: max(0, limit)} }

// Share is what the pool counts for one queue. The zero value is none. Its methods' callers
// synchronise.
type Share struct{ steps int32 }

// Settle counts what a queue holds now, in bytes.
func (p *Pool) Settle(s *Share, held int) {
	if p == nil || p.limit == 0 {
		return
	}
	steps := int32(max(0, held-1) / Step)
	if steps != s.steps {
		p.used.Add(int64(steps-s.steps) * Step)
		s.steps = steps
	}
}

// Allows reports whether a queue may hold that many bytes.
func (p *Pool) Allows(held int) bool {
	if p == nil || p.limit == 0 || held <= Step || int64(held) <= (p.limit-p.used.Load())/share {
		return true
	}
	p.refused.Add(1)

	return false
}

// Used is what is counted, in bytes.
func (p *Pool) Used() int64 { return p.used.Load() }

// Limit is the size of the pool in bytes, 0 if it is unlimited.
func (p *Pool) Limit() int64 { return p.limit }

// Refused is how often a queue was not allowed to grow.
func (p *Pool) Refused() uint64 { return p.refused.Load() }

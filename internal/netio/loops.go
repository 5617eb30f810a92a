package netio

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Loops are the loops of a node: one for each processor but one, which is left for everything else,
// at most eight, and made for the first connection. Nil has none. Safe for use by several
// goroutines.
type Loops struct {
	observer BatchObserver
	once     sync.Once
	all      []*Loop
	counter  atomic.Uint32
}

// maxLoops bounds the loops of a node.
const maxLoops = 8

// NewLoops returns loops that call the observer, if it is not nil, around runs of several events.
func NewLoops(observer BatchObserver) *Loops { return &Loops{observer: observer} }

// Next is the loop for a new connection; nil if there is none.
func (l *Loops) Next() *Loop {
	if l == nil {
		return nil
	}
	l.once.Do(func() {
		n := max(1, min(runtime.GOMAXPROCS(0)-1, maxLoops))
		for range n {
			l.all = append(l.all, newLoop(n, l.observer))
		}
	})
	if l.all == nil { // closed before
		return nil
	}

	return l.all[int(l.counter.Add(1))%len(l.all)]
}

// Close ends the loops, which must watch nothing any more. It waits for handlers that are running.
func (l *Loops) Close() {
	if l == nil {
		return
	}
	l.once.Do(func() {})
	for _, one := range l.all {
		one.Close()
	}
}

package netio

import (
	"bytes"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// plainQueue is the least that a Queue is: bytes, and whether there is a writer.
type plainQueue struct {
	to     Stream
	failed error // owned by the writer
	inHand []byte

	mu        sync.Mutex
	waiting   []byte // guarded by mu
	writing   bool   // guarded by mu
	continued int    // guarded by mu
	work      sync.WaitGroup
}

func (q *plainQueue) add(p []byte) {
	q.mu.Lock()
	q.waiting = append(q.waiting, p...)
	begins := !q.writing
	q.writing = true
	q.mu.Unlock()
	if begins {
		Combine(q, q.Next(0, nil, false), false)
	}
}

func (q *plainQueue) Next(n int, err error, _ bool) Piece {
	q.inHand = q.inHand[n:]
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		q.failed = err

		return Piece{} // and still counts as being written
	}
	if len(q.inHand) == 0 {
		q.inHand, q.waiting = q.waiting, nil
	}
	if len(q.inHand) == 0 {
		q.writing = false

		return Piece{}
	}

	return Piece{To: q.to, Bytes: q.inHand}
}

func (q *plainQueue) Continue() {
	q.mu.Lock()
	q.continued++
	q.mu.Unlock()
	q.work.Go(func() { Combine(q, q.Next(0, nil, true), true) })
}

// partStream accepts a part of what is written, as takes has it, and notes two writers at once.
type partStream struct {
	nonBlocking bool
	takes       []int // of each call; in turn
	fail        error // of a call behind failAfter
	failAfter   int

	busy  atomic.Bool
	calls int
	got   bytes.Buffer
	twice bool
}

func (s *partStream) NonBlocking() bool { return s.nonBlocking }

func (s *partStream) TryWrite(p []byte) (int, error) { return s.take(p, 0) }

func (s *partStream) Write(p []byte, _ time.Duration) (int, error) { return s.take(p, 1) }

func (s *partStream) take(p []byte, least int) (int, error) {
	if !s.busy.CompareAndSwap(false, true) {
		s.twice = true
	}
	defer s.busy.Store(false)
	s.calls++
	if s.fail != nil && s.calls > s.failAfter {
		return 0, s.fail
	}
	n := min(len(p), max(least, s.takes[s.calls%len(s.takes)]))
	s.got.Write(p[:n])

	return n, nil
}

func TestAWriterLosesNothingAndIsOneAtATime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &partStream{
			nonBlocking: rapid.Bool().Draw(t, "nonBlocking"),
			takes:       rapid.SliceOfN(rapid.IntRange(0, 9), 1, 8).Draw(t, "takes"),
		}
		q := &plainQueue{to: s}
		adders := rapid.IntRange(1, 4).Draw(t, "adders")
		each := rapid.IntRange(0, 40).Draw(t, "each")
		var all sync.WaitGroup
		for a := range adders {
			all.Go(func() {
				for i := range each {
					q.add([]byte{byte(a), byte(i)})
				}
			})
		}
		all.Wait()
		q.work.Wait()
		if s.twice || q.writing {
			t.Fatalf("two at once: %v, still writing: %v", s.twice, q.writing)
		}
		next := make([]byte, adders)
		for pair := range slices.Chunk(s.got.Bytes(), 2) {
			if pair[1] != next[pair[0]] {
				t.Fatalf("%v, want %v next", pair, next)
			}
			next[pair[0]]++
		}
		for _, n := range next {
			if int(n) != each {
				t.Fatalf("%v of %d arrived", next, each)
			}
		}
	})
}

func TestAWriterThatMustNotWaitHandsOver(t *testing.T) {
	for name, c := range map[string]struct {
		s         *partStream
		adds      int
		continued int
	}{
		"all is accepted":         {&partStream{nonBlocking: true, takes: []int{9}}, 3, 0},
		"a part is accepted":      {&partStream{nonBlocking: true, takes: []int{1}}, 1, 1},
		"each write would wait":   {&partStream{takes: []int{9}}, 1, 1},
		"what is added goes on":   {&partStream{nonBlocking: true, takes: []int{0}}, 1, 1},
		"a long piece in hand is": {&partStream{nonBlocking: true, takes: []int{2, 0}}, 1, 1},
	} {
		q := &plainQueue{to: c.s}
		for range c.adds {
			q.add([]byte("abc"))
			q.work.Wait()
		}
		if q.continued != c.continued || c.s.got.String() != string(bytes.Repeat([]byte("abc"), c.adds)) {
			t.Errorf("%s: continued %d times, wrote %q", name, q.continued, c.s.got.String())
		}
	}
}

// A writer whose queue never empties, because others add as fast as it writes, is let go.
func TestAWriterIsLetGoAfterSomePieces(t *testing.T) {
	s := &partStream{nonBlocking: true, takes: []int{9}}
	q := &endlessQueue{plainQueue: plainQueue{to: s}, left: 3 * maxPieces}
	q.writing = true
	Combine(q, q.Next(0, nil, false), false)
	q.work.Wait()
	if q.before != maxPieces {
		t.Errorf("%d pieces written before another goroutine continued", q.before)
	}
	if s.calls != 3*maxPieces {
		t.Errorf("%d pieces written", s.calls)
	}
}

type endlessQueue struct {
	plainQueue

	left   int
	before int // pieces written before Continue
}

func (q *endlessQueue) Next(n int, err error, mayWait bool) Piece {
	if len(q.inHand) == n && q.left > 0 {
		q.left--
		q.mu.Lock()
		q.waiting = append(q.waiting, 'x')
		q.mu.Unlock()
	}

	return q.plainQueue.Next(n, err, mayWait)
}

func (q *endlessQueue) Continue() {
	q.before = q.to.(*partStream).calls
	q.work.Go(func() { Combine(q, q.plainQueue.Next(0, nil, true), true) })
}

func TestAWriterEndsWithAnError(t *testing.T) {
	broken := errors.New("broken")
	for _, mayWait := range []bool{false, true} {
		s := &partStream{nonBlocking: !mayWait, takes: []int{9}, fail: broken, failAfter: 2}
		q := &plainQueue{to: s}
		for range 3 {
			q.add([]byte("ab"))
			q.work.Wait()
		}
		if !errors.Is(q.failed, broken) || s.got.String() != "abab" || !q.writing {
			t.Errorf("mayWait %v: %v, %q", mayWait, q.failed, s.got.String())
		}
	}
}

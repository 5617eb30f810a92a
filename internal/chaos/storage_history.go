package chaos

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/parley-dm/parley/internal/chaos/storageop"
)

// Rules of storages.
const (
	lostIncrement rule = "acknowledged increments that are lost"
	lostValue     rule = "acknowledged pushes whose value is lost"
	poppedTwice   rule = "values popped twice"
	popDisordered rule = "values popped out of order"
	wrongWinner   rule = "SetIfNotExists that two won, or whose value is lost"
	effective     rule = "operations that failed, and were done all the same"
	storageStuck  rule = "storages that did not recover in time"
)

var storageRules = []rule{lostIncrement, lostValue, poppedTwice, popDisordered, wrongWinner, effective, storageStuck, nodeFailure}

// storageHistory records the operations on storages and their answers. An operation that has no
// answer yet counts as unknown.
type storageHistory struct {
	mu         sync.Mutex
	counters   map[string]*counterHistory                // guarded by mu
	queues     map[string]*queueHistory                  // guarded by mu
	locks      map[string]map[string]storageop.Result    // guarded by mu: by key and value
	results    map[storageop.Op]map[storageop.Result]int // guarded by mu
	staleReads int                                       // guarded by mu
	violations []violation                               // guarded by mu
}

type counterHistory struct {
	done, unknown int64
	sums          map[int64]string // the worker that has seen each sum
	newest        map[string]int64 // sum that each worker has seen last
	largest       int64            // of sums
}

type queueHistory struct {
	pushed      map[string]storageop.Result // by value
	popped      map[string]int
	unknownPops int
	order       map[[2]string][]int // numbers that a worker has popped of another worker's
}

func newStorageHistory() *storageHistory {
	return &storageHistory{
		counters: map[string]*counterHistory{}, queues: map[string]*queueHistory{},
		locks: map[string]map[string]storageop.Result{}, results: map[storageop.Op]map[storageop.Result]int{},
	}
}

// queueValue is the n-th value that a worker pushes to a queue.
func queueValue(worker string, n int) string { return worker + "/" + strconv.Itoa(n) }

func splitQueueValue(v string) (worker string, n int) {
	worker, number, _ := strings.Cut(v, "/")
	n, _ = strconv.Atoi(number)

	return worker, n
}

// begin enters an operation that is about to be sent. For a read of a counter it returns what the
// counter has at least.
func (h *storageHistory) begin(q storageop.Request) (atLeast int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch q.Op {
	case storageop.Incr:
		h.counterLocked(q.Key).unknown++
	case storageop.Push:
		h.queueLocked(q.Key).pushed[q.Value] = storageop.Unknown
	case storageop.Pop:
		h.queueLocked(q.Key).unknownPops++
	case storageop.Lock:
		if h.locks[q.Key] == nil {
			h.locks[q.Key] = map[string]storageop.Result{}
		}
		h.locks[q.Key][q.Value] = storageop.Unknown
	case storageop.Read:
		return h.counterLocked(q.Key).largest
	}

	return 0
}

func (h *storageHistory) counterLocked(key string) *counterHistory {
	c := h.counters[key]
	if c == nil {
		c = &counterHistory{sums: map[int64]string{}, newest: map[string]int64{}}
		h.counters[key] = c
	}

	return c
}

func (h *storageHistory) queueLocked(key string) *queueHistory {
	q := h.queues[key]
	if q == nil {
		q = &queueHistory{pushed: map[string]storageop.Result{}, popped: map[string]int{}, order: map[[2]string][]int{}}
		h.queues[key] = q
	}

	return q
}

// end enters the answer to an operation of a worker. AtLeast is what begin has returned.
func (h *storageHistory) end(worker string, q storageop.Request, a storageop.Answer, atLeast int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.results[q.Op] == nil {
		h.results[q.Op] = map[storageop.Result]int{}
	}
	h.results[q.Op][a.Result]++
	if a.Result == storageop.Unknown {
		return
	}
	switch q.Op {
	case storageop.Incr:
		c := h.counters[q.Key]
		c.unknown--
		if a.Result == storageop.Done {
			c.done++
			h.sumLocked(c, worker, q.Key, a.Number)
		}
	case storageop.Push:
		h.queues[q.Key].pushed[q.Value] = a.Result
	case storageop.Pop:
		h.queues[q.Key].unknownPops--
		for _, v := range a.Values {
			h.poppedLocked(worker, q.Key, v)
		}
	case storageop.Lock:
		h.locks[q.Key][q.Value] = a.Result
	case storageop.Read:
		if a.Result == storageop.Done && a.Number < atLeast {
			h.staleReads++
		}
	}
}

// sumLocked judges the sum that an increment has returned.
func (h *storageHistory) sumLocked(c *counterHistory, worker, key string, sum int64) {
	if other, seen := c.sums[sum]; seen {
		h.violateLockedf(lostIncrement, "%s: increments of %s and %s have both returned %d", key, other, worker, sum)
	}
	if last := c.newest[worker]; sum < last {
		h.violateLockedf(lostIncrement, "%s: an increment of %s has returned %d after %d", key, worker, sum, last)
	}
	c.sums[sum], c.newest[worker], c.largest = worker, sum, max(c.largest, sum)
}

// poppedLocked judges a value that was popped.
func (h *storageHistory) poppedLocked(worker, key, v string) {
	q := h.queueLocked(key)
	q.popped[v]++
	if q.popped[v] > 1 {
		h.violateLockedf(poppedTwice, "%s: %s was popped again by %s", key, v, worker)
	}
	from, n := splitQueueValue(v)
	way := [2]string{worker, from}
	q.order[way] = append(q.order[way], n)
}

func (h *storageHistory) violateLockedf(r rule, format string, args ...any) {
	h.violations = append(h.violations, violation{rule: r, text: fmt.Sprintf(format, args...)})
}

// finalState is what the storage holds in the end.
type finalState struct {
	counters map[string]int64
	queues   map[string][]string
	locks    map[string]string // "" if the key is not there
}

// judge compares the answers with the final state.
func (h *storageHistory) judge(end finalState) []violation {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(h.counters)) {
		switch c, n := h.counters[key], end.counters[key]; {
		case n < c.done:
			h.violateLockedf(lostIncrement, "%s: %d increments were acknowledged, it is %d", key, c.done, n)
		case n > c.done+c.unknown:
			h.violateLockedf(effective, "%s: %d increments were acknowledged, %d are unknown, it is %d", key, c.done, c.unknown, n)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(h.queues)) {
		for _, v := range end.queues[key] {
			h.poppedLocked("the end", key, v)
		}
		h.judgeQueueLocked(key)
	}
	for _, key := range slices.Sorted(maps.Keys(h.locks)) {
		h.judgeLockLocked(key, end.locks[key])
	}

	return h.violations
}

func (h *storageHistory) judgeQueueLocked(key string) {
	q := h.queues[key]
	for _, v := range slices.Sorted(maps.Keys(q.popped)) {
		if r := q.pushed[v]; r != storageop.Done && r != storageop.Unknown {
			h.violateLockedf(effective, "%s: %s was popped, its push was answered with %q", key, v, r)
		}
	}
	for way := range q.order {
		h.judgeOrderLocked(key, way)
	}
	var missing []string
	for _, v := range slices.Sorted(maps.Keys(q.pushed)) {
		if q.pushed[v] == storageop.Done && q.popped[v] == 0 {
			missing = append(missing, v)
		}
	}
	if len(missing) > q.unknownPops { // an unknown pop may have taken one
		h.violateLockedf(lostValue, "%s: %d values are gone, %d pops are unknown: %s", key, len(missing), q.unknownPops, strings.Join(missing, ", "))
	}
}

// judgeOrderLocked judges the order of the values that one worker has popped of another. A push
// whose outcome is unknown may have been done after the next one: the node that had lost its client
// still tried.
func (h *storageHistory) judgeOrderLocked(key string, way [2]string) {
	q := h.queues[key]
	last := 0
	for _, n := range q.order[way] {
		if q.pushed[queueValue(way[1], n)] != storageop.Done {
			continue
		}
		if n < last {
			h.violateLockedf(popDisordered, "%s: %s has popped number %d of %s after number %d", key, way[0], n, way[1], last)
		}
		last = n
	}
}

func (h *storageHistory) judgeLockLocked(key, held string) {
	var winners []string
	possible, exists := false, false
	for _, v := range slices.Sorted(maps.Keys(h.locks[key])) {
		switch h.locks[key][v] {
		case storageop.Done:
			winners = append(winners, v)
		case storageop.Unknown:
			possible = possible || v == held
		case storageop.Exists:
			exists = true
		case storageop.Failed:
		}
	}
	switch {
	case len(winners) > 1:
		h.violateLockedf(wrongWinner, "%s was set by %s", key, strings.Join(winners, " and "))
	case len(winners) == 1 && held != winners[0]:
		h.violateLockedf(wrongWinner, "%s was set to %s, it holds %q", key, winners[0], held)
	case len(winners) == 0 && held == "" && exists:
		h.violateLockedf(wrongWinner, "%s was there, and holds nothing", key)
	case len(winners) == 0 && held != "" && !possible:
		h.violateLockedf(effective, "%s holds %s, whose SetIfNotExists was answered with %q", key, held, h.locks[key][held])
	}
}

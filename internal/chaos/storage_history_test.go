package chaos

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/chaos/storageop"
)

// storageStep is an operation with its answer.
type storageStep struct {
	storageop.Request
	storageop.Answer

	worker string
}

func incr(worker string, r storageop.Result, sum int64) storageStep {
	return storageStep{storageop.Request{Op: storageop.Incr, Key: "c"}, storageop.Answer{Result: r, Number: sum}, worker}
}

func push(value string, r storageop.Result) storageStep {
	return storageStep{storageop.Request{Op: storageop.Push, Key: "q", Value: value}, storageop.Answer{Result: r}, "w1"}
}

func pop(worker string, r storageop.Result, values ...string) storageStep {
	return storageStep{storageop.Request{Op: storageop.Pop, Key: "q"}, storageop.Answer{Result: r, Values: values}, worker}
}

func lock(worker string, r storageop.Result) storageStep {
	return storageStep{storageop.Request{Op: storageop.Lock, Key: "l", Value: worker}, storageop.Answer{Result: r}, worker}
}

func TestTheJudgeOfStoragesFindsWhatIsWrong(t *testing.T) {
	const (
		done, exists, unknown, failed = storageop.Done, storageop.Exists, storageop.Unknown, storageop.Failed
	)
	for name, c := range map[string]struct {
		steps []storageStep
		end   finalState
		want  string // the rules, in order
	}{
		"nothing": {},
		"counters that are right": {
			[]storageStep{incr("a", done, 1), incr("b", unknown, 0), incr("a", done, 3), incr("b", failed, 0)},
			finalState{counters: map[string]int64{"c": 3}}, "",
		},
		"an unknown increment that was not done": {
			[]storageStep{incr("a", done, 1), incr("b", unknown, 0)}, finalState{counters: map[string]int64{"c": 1}}, "",
		},
		"a lost increment": {
			[]storageStep{incr("a", done, 1), incr("a", done, 2)}, finalState{counters: map[string]int64{"c": 1}}, string(lostIncrement),
		},
		"a counter that is gone": {[]storageStep{incr("a", done, 1)}, finalState{}, string(lostIncrement)},
		"a sum that comes twice": {
			[]storageStep{incr("a", done, 1), incr("b", done, 1)}, finalState{counters: map[string]int64{"c": 2}}, string(lostIncrement),
		},
		"sums that fall": {
			[]storageStep{incr("a", done, 2), incr("a", done, 1)}, finalState{counters: map[string]int64{"c": 2}}, string(lostIncrement),
		},
		"a failed increment that was done": {
			[]storageStep{incr("a", done, 1), incr("a", failed, 0)}, finalState{counters: map[string]int64{"c": 2}}, string(effective),
		},
		"queues that are right": {
			[]storageStep{
				push("w1/1", done), push("w1/2", unknown), push("w1/3", done), push("w1/4", failed), pop("a", done, "w1/1"), pop("b", unknown),
				pop("a", done, "w1/2"), pop("a", done),
			},
			finalState{}, "", // number 3 may be the unknown pop's
		},
		"a value that is left": {[]storageStep{push("w1/1", done)}, finalState{queues: map[string][]string{"q": {"w1/1"}}}, ""},
		"a lost value":         {[]storageStep{push("w1/1", done), pop("a", done)}, finalState{}, string(lostValue)},
		"two lost values with one unknown pop": {
			[]storageStep{push("w1/1", done), push("w1/2", done), pop("a", unknown)}, finalState{}, string(lostValue),
		},
		"a value popped twice": {
			[]storageStep{push("w1/1", done), pop("a", done, "w1/1"), pop("b", done, "w1/1")}, finalState{}, string(poppedTwice),
		},
		"a popped value that is still there": {
			[]storageStep{push("w1/1", done), pop("a", done, "w1/1")}, finalState{queues: map[string][]string{"q": {"w1/1"}}}, string(poppedTwice),
		},
		"values out of order": {
			[]storageStep{push("w1/1", done), push("w1/2", done), pop("a", done, "w1/2"), pop("a", done, "w1/1")}, finalState{}, string(popDisordered),
		},
		"an unknown push that was done late": {
			[]storageStep{
				push("w1/1", unknown), push("w1/2", done), push("w1/3", done), pop("a", done, "w1/2"), pop("a", done, "w1/1"), pop("a", done, "w1/3"),
			},
			finalState{}, "",
		},
		"a failed push that was done": {[]storageStep{push("w1/1", failed), pop("a", done, "w1/1")}, finalState{}, string(effective)},
		"a value from nowhere":        {[]storageStep{pop("a", done, "w1/1")}, finalState{}, string(effective)},
		"a lock that one has": {
			[]storageStep{lock("a", exists), lock("b", done), lock("c", unknown)}, finalState{locks: map[string]string{"l": "b"}}, "",
		},
		"a lock that an unknown one has": {
			[]storageStep{lock("a", exists), lock("b", unknown)}, finalState{locks: map[string]string{"l": "b"}}, "",
		},
		"a lock that two have": {
			[]storageStep{lock("a", done), lock("b", done)}, finalState{locks: map[string]string{"l": "b"}}, string(wrongWinner),
		},
		"a lock whose value is gone":    {[]storageStep{lock("a", done)}, finalState{}, string(wrongWinner)},
		"a lock of a value not written": {[]storageStep{lock("a", exists), lock("b", failed)}, finalState{locks: map[string]string{"l": "b"}}, string(effective)},
		"a lock that was there":         {[]storageStep{lock("a", exists)}, finalState{}, string(wrongWinner)},
	} {
		t.Run(name, func(t *testing.T) {
			h := newStorageHistory()
			for _, s := range c.steps {
				h.end(s.worker, s.Request, s.Answer, h.begin(s.Request))
			}
			var rules []string
			for _, v := range h.judge(c.end) {
				rules = append(rules, string(v.rule))
			}
			if got := strings.Join(rules, ", "); got != c.want {
				t.Errorf("%s, want %s: %v", got, c.want, fmt.Sprint(h.violations))
			}
		})
	}
}

func TestReadsThatAreOlderThanAnIncrementAreCounted(t *testing.T) {
	h := newStorageHistory()
	read := func(atLeast, n int64) {
		q := storageop.Request{Op: storageop.Read, Key: "c"}
		h.end("a", q, storageop.Answer{Result: storageop.Done, Number: n}, atLeast)
	}
	before := h.begin(storageop.Request{Op: storageop.Read, Key: "c"})
	for _, s := range []storageStep{incr("a", storageop.Done, 1), incr("b", storageop.Done, 2)} {
		h.end(s.worker, s.Request, s.Answer, h.begin(s.Request))
	}
	after := h.begin(storageop.Request{Op: storageop.Read, Key: "c"})
	read(before, 0)
	read(after, 2)
	if h.staleReads != 0 {
		t.Errorf("%d stale reads", h.staleReads)
	}
	read(after, 1)
	if h.staleReads != 1 {
		t.Errorf("%d stale reads", h.staleReads)
	}
}

package dive_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/parley-dm/parley/dive"
)

// call is an operation of a history; answer is what it returned.
type call struct {
	op, key string
	value   int
}

type answer struct {
	values []int // found, popped, read
	exists bool  // SetIfNotExists found a value
	absent bool  // Get and Del found none
}

// state is what a key holds in the sequential model: a list; a value is a list of one.
type state struct {
	there  bool
	values []int
}

func step(s, input, output any) (bool, any) {
	was, in, out := s.(state), input.(call), output.(answer)
	switch in.op {
	case "incr":
		n := in.value
		if was.there {
			n += was.values[0]
		}

		return slices.Equal(out.values, []int{n}), state{true, []int{n}}
	case "set":
		return true, state{true, []int{in.value}}
	case "setIfNotExists":
		if was.there {
			return out.exists, was
		}

		return !out.exists, state{true, []int{in.value}}
	case "get", "del":
		right := out.absent == !was.there && slices.Equal(out.values, was.values)
		if in.op == "del" {
			was = state{}
		}

		return right, was
	case "range":
		return slices.Equal(out.values, was.values), was
	case "rpush":
		return true, state{true, append(slices.Clone(was.values), in.value)}
	case "lpush":
		return true, state{true, append([]int{in.value}, was.values...)}
	}
	k := min(len(was.values), in.value)
	popped, left := was.values[:k], was.values[k:]
	if in.op == "rpop" {
		popped, left = slices.Clone(was.values[len(was.values)-k:]), was.values[:len(was.values)-k]
		slices.Reverse(popped)
	}
	if len(left) == 0 {
		return slices.Equal(out.values, popped), state{}
	}

	return slices.Equal(out.values, popped), state{true, left}
}

var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byKey := map[string][]porcupine.Operation{}
		for _, o := range history {
			key := o.Input.(call).key
			byKey[key] = append(byKey[key], o)
		}
		var parts [][]porcupine.Operation
		for _, p := range byKey {
			parts = append(parts, p)
		}

		return parts
	},
	Init: func() any { return state{} },
	Step: step,
	Equal: func(a, b any) bool {
		return a.(state).there == b.(state).there && slices.Equal(a.(state).values, b.(state).values)
	},
}

// perform runs one operation.
func perform(s *dive.Storage, c call) (answer, error) {
	one := func(r *dive.Result) (answer, error) {
		if errors.Is(r.Err(), dive.ErrNotFound) {
			return answer{absent: true}, nil
		}
		n, err := r.ToInt()

		return answer{values: []int{n}}, err
	}
	many := func(results []*dive.Result, err error) (answer, error) {
		var a answer
		for _, r := range results {
			n, e := r.ToInt()
			a.values, err = append(a.values, n), errors.Join(err, e)
		}

		return a, err
	}
	switch c.op {
	case "incr":
		return one(s.IncrBy(c.key, int32(c.value)))
	case "set":
		return answer{}, s.Set(c.key, c.value)
	case "setIfNotExists":
		err := s.SetIfNotExists(c.key, c.value)
		if errors.Is(err, dive.ErrExists) {
			return answer{exists: true}, nil
		}

		return answer{}, err
	case "get":
		return one(s.Get(c.key))
	case "del":
		return one(s.Del(c.key))
	case "range":
		return many(s.LRange(c.key, 0, -1))
	case "rpush":
		return answer{}, s.RPush(c.key, c.value)
	case "lpush":
		return answer{}, s.LPush(c.key, c.value)
	case "lpop":
		return many(s.LPop(c.key, c.value))
	}

	return many(s.RPop(c.key, c.value))
}

// operations are those that make sense on one key.
var operations = map[string][]string{
	"counter": {"incr", "incr", "incr", "get", "del"},
	"lock":    {"setIfNotExists", "setIfNotExists", "get", "del", "set"},
	"queue":   {"rpush", "lpush", "rpush", "lpop", "rpop", "range"},
}

// record runs clients that do n operations each, and returns what they saw.
func record(t *testing.T, clients []*dive.Storage, n int) []porcupine.Operation {
	t.Helper()
	var (
		mu      sync.Mutex
		history []porcupine.Operation
		wg      sync.WaitGroup
	)
	begun := time.Now()
	for id, s := range clients {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(id), 1))
			for i := range n {
				key := []string{"counter", "lock", "queue"}[rng.IntN(3)]
				c := call{op: operations[key][rng.IntN(len(operations[key]))], key: key, value: id*n + i + 1}
				if c.op == "lpop" || c.op == "rpop" {
					c.value = 1 + rng.IntN(3)
				}
				called := time.Since(begun)
				a, err := perform(s, c)
				if err != nil {
					t.Errorf("%+v: %v", c, err)

					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{
					ClientId: id, Input: c, Call: int64(called), Output: a, Return: int64(time.Since(begun)),
				})
				mu.Unlock()
			}
		})
	}
	wg.Wait()

	return history
}

func check(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	if result := porcupine.CheckOperationsTimeout(model, history, time.Minute); result != porcupine.Ok {
		t.Errorf("%d operations: %s", len(history), result)
	}
}

func TestConcurrentOperationsAreAtomic(t *testing.T) {
	for _, cores := range []int{1, 3} {
		t.Run(fmt.Sprintf("cores=%d", cores), func(t *testing.T) {
			c := newCluster(t, cores)
			o := dive.Options{Replicas: cores, Timeout: 20 * time.Second}
			var clients []*dive.Storage
			for i := range cores {
				_, s := c.join(i, o)
				clients = append(clients, s)
			}
			for len(clients) < 5 {
				_, s := c.join(-1, o)
				clients = append(clients, s)
			}
			check(t, record(t, clients, 60))
		})
	}
}

func TestTheModelFindsALostIncrement(t *testing.T) {
	history := []porcupine.Operation{
		{ClientId: 0, Input: call{op: "incr", key: "k", value: 1}, Output: answer{values: []int{1}}, Call: 0, Return: 10},
		{ClientId: 1, Input: call{op: "incr", key: "k", value: 1}, Output: answer{values: []int{1}}, Call: 5, Return: 15},
	}
	if porcupine.CheckOperations(model, history) {
		t.Error("two increments of nothing may both return 1")
	}
}

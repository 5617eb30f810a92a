package storageop

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/parley-dm/parley/dive"
)

// The command, and the storage that it acts on.
const (
	Ver     uint8  = 2
	Cmd     uint16 = 100
	Storage        = "Chaos"
)

// Op is an operation.
type Op string

// The operations.
const (
	Incr Op = "IncrBy"         // by 1; Answer.Number is the sum
	Push Op = "RPush"          // Request.Value
	Pop  Op = "LPop"           // one; Answer.Values
	Lock Op = "SetIfNotExists" // Request.Value
	Read Op = "Get"            // Answer.Values: none if the key is not there; Number if it is a counter
)

// Request is what a client asks for.
type Request struct {
	Op    Op     `json:"op"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Result is what became of an operation.
type Result string

// The results.
const (
	Done    Result = "done"
	Exists  Result = "exists"  // Lock: the key has a value
	Unknown Result = "unknown" // it may have been done
	Failed  Result = "failed"  // it was not done
)

// Answer is what comes back.
type Answer struct {
	Result Result   `json:"result"`
	Number int64    `json:"number,omitempty"`
	Values []string `json:"values,omitempty"`
	Error  string   `json:"error,omitempty"`
}

// Serve performs a request, and returns the bytes of the answer.
func Serve(s *dive.Storage, payload []byte) []byte {
	var q Request
	a := Answer{Result: Failed, Error: "no request"}
	if err := json.Unmarshal(payload, &q); err == nil {
		a = perform(s, q)
	}
	b, err := json.Marshal(a)
	if err != nil {
		panic(err) // it has strings and numbers only
	}

	return b
}

func perform(s *dive.Storage, q Request) (a Answer) {
	var err error
	switch q.Op {
	case Incr:
		a.Number, err = s.IncrBy(q.Key, 1).ToInt64()
	case Push:
		err = s.RPush(q.Key, q.Value)
	case Pop:
		var popped []*dive.Result
		popped, err = s.LPop(q.Key, 1)
		for _, r := range popped {
			var v string
			if v, err = r.ToString(); err != nil {
				break
			}
			a.Values = append(a.Values, v)
		}
	case Lock:
		err = s.SetIfNotExists(q.Key, q.Value)
	case Read:
		var v any
		if v, err = s.Get(q.Key).ToInterface(); err == nil {
			a.Values = append(a.Values, fmt.Sprint(v))
			a.Number, _ = v.(int64)
		} else if errors.Is(err, dive.ErrNotFound) {
			err = nil
		}
	default:
		err = fmt.Errorf("no operation %q", q.Op)
	}
	a.Result = resultOf(err)
	if err != nil {
		a.Error = err.Error()
	}

	return a
}

func resultOf(err error) Result {
	switch {
	case err == nil:
		return Done
	case errors.Is(err, dive.ErrExists):
		return Exists
	case errors.Is(err, dive.ErrUnavailable) && strings.Contains(err.Error(), "the outcome is unknown"):
		return Unknown
	}

	return Failed
}

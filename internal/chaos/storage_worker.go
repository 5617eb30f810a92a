package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/chaos/storageop"
)

const (
	// storageTimeout is how long a request to a storage may take: longer than the storage's own
	// timeout, and shorter than the nodes' reliable timeout.
	storageTimeout = 14 * time.Second
	// workerPause is between two operations of a worker, on average.
	workerPause = 30 * time.Millisecond

	storageCounters = 3
	storageQueues   = 2
	locksPerSecond  = 5
)

// worker is a client that uses the storages of a node.
type worker struct {
	*client.Client

	id      string
	home    int // the node that it prefers
	cluster *cluster
	history *storageHistory
	begun   time.Time
	rng     *rand.Rand
	pushed  int
	tried   int // newest lock

	writes atomic.Int64 // acknowledged
}

// connect logs the worker in. It comes back by itself, to any node that is up.
func (w *worker) connect(ctx context.Context, token string) (err error) {
	w.Client, err = client.Dial(ctx, "tcp://any:1", client.WithToken(token), client.WithDialer(w.dial),
		client.WithBackoff(100*time.Millisecond, time.Second))

	return err
}

func (w *worker) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	_, addr, err := w.cluster.pickNode(w.home, false, false)
	if err != nil {
		return nil, err
	}

	return w.cluster.network.dial(ctx, clients, "tcp", addr)
}

// work makes operations until ctx ends, and finishes the last one.
func (w *worker) work(ctx, requests context.Context) {
	for sleep(ctx, time.Duration(w.rng.ExpFloat64()*float64(workerPause))) == nil {
		q := w.draw()
		atLeast := w.history.begin(q)
		a := w.ask(requests, q)
		w.history.end(w.id, q, a, atLeast)
		if q.Op != storageop.Read && (a.Result == storageop.Done || a.Result == storageop.Exists) {
			w.writes.Add(1)
		}
	}
}

// draw makes up an operation.
func (w *worker) draw() storageop.Request {
	queue := fmt.Sprint("queue", w.rng.IntN(storageQueues))
	now := int(time.Since(w.begun) * locksPerSecond / time.Second)
	counter := fmt.Sprint("counter", w.rng.IntN(storageCounters))
	switch n := w.rng.IntN(12); {
	case n == 0 && now > w.tried:
		w.tried = now

		return storageop.Request{Op: storageop.Lock, Key: fmt.Sprint("lock", now), Value: w.id}
	case n < 4:
		return storageop.Request{Op: storageop.Incr, Key: counter}
	case n < 6:
		return storageop.Request{Op: storageop.Read, Key: counter}
	case n < 9:
		w.pushed++

		return storageop.Request{Op: storageop.Push, Key: queue, Value: queueValue(w.id, w.pushed)}
	}

	return storageop.Request{Op: storageop.Pop, Key: queue}
}

// ask sends a request. If there is no answer, the result is unknown, unless it was not sent.
func (w *worker) ask(ctx context.Context, q storageop.Request) (a storageop.Answer) {
	ctx, cancel := context.WithTimeout(ctx, storageTimeout)
	defer cancel()
	payload, err := json.Marshal(q)
	if err == nil {
		var answer client.Response
		if answer, err = w.Request(ctx, storageop.Ver, storageop.Cmd, payload); err == nil {
			err = json.Unmarshal(answer.Data, &a)
		}
	}
	switch {
	case err == nil:
		return a
	case errors.Is(err, client.ErrNotConnected), errors.Is(err, client.ErrQueueFull):
		return storageop.Answer{Result: storageop.Failed, Error: err.Error()}
	}

	return storageop.Answer{Result: storageop.Unknown, Error: err.Error()}
}

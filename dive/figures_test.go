package dive_test

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/natsnode"
)

var figures = flag.Bool("figures", false, "measure the operations beside the engine's own, and print the tables of docs/dive.md")

const (
	figureTime    = 100 * time.Millisecond // for each turn
	figureRounds  = 10                     // turns of each operation
	figureWriters = 16                     // at once, where the rate is measured

	// leaderTime is how long a node needs to learn which core node leads, and to connect to it.
	leaderTime = 5 * time.Second
)

// pair is one operation and the least that a program could do with the engine for the same.
type pair struct {
	name string
	ours func(s *dive.Storage, key string, i int) error
	raw  func(ctx context.Context, kv jetstream.KeyValue, key string, i int) error
}

func one(r *dive.Result) error { return r.Err() }

func put(ctx context.Context, kv jetstream.KeyValue, key string, i int) error {
	_, err := kv.Put(ctx, key, fmt.Appendf(nil, "value %d", i))

	return err
}

// getUpdate is the loop that a program would write: a reader may be told an older value by a
// follower of the stream.
func getUpdate(ctx context.Context, kv jetstream.KeyValue, key string, body func(old []byte) []byte) error {
	for {
		e, err := kv.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) {
			if _, err = kv.Create(ctx, key, body(nil)); err == nil {
				return nil
			}
		} else if err == nil {
			if _, err = kv.Update(ctx, key, body(e.Value()), e.Revision()); err == nil {
				return nil
			}
		}
		if api, ok := errors.AsType[*jetstream.APIError](err); !ok || api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence {
			return err
		}
	}
}

func rawIncrement(ctx context.Context, kv jetstream.KeyValue, key string, _ int) error {
	return getUpdate(ctx, kv, key, func(old []byte) []byte {
		var n uint64
		if len(old) == 8 {
			n = binary.BigEndian.Uint64(old)
		}

		return binary.BigEndian.AppendUint64(nil, n+1)
	})
}

// rawRotate keeps a text of about as many bytes as a list of ten short values.
func rawRotate(ctx context.Context, kv jetstream.KeyValue, key string, _ int) error {
	return getUpdate(ctx, kv, key, func([]byte) []byte { return make([]byte, 100) })
}

func pairs() []pair {
	fresh := func(key string, i int) string { return fmt.Sprintf("%s-%d", key, i) }

	return []pair{
		{"Set", func(s *dive.Storage, key string, i int) error { return s.Set(key, fmt.Sprintf("value %d", i)) }, put},
		{
			"Get",
			func(s *dive.Storage, key string, _ int) error { return one(s.Get(key)) },
			func(ctx context.Context, kv jetstream.KeyValue, key string, _ int) error {
				_, err := kv.Get(ctx, key)
				return err
			},
		},
		{
			"SetIfNotExists",
			func(s *dive.Storage, key string, i int) error { return s.SetIfNotExists(fresh(key, i), i) },
			func(ctx context.Context, kv jetstream.KeyValue, key string, i int) error {
				_, err := kv.Create(ctx, fresh(key, i), []byte("value"))

				return err
			},
		},
		{"IncrBy", func(s *dive.Storage, key string, _ int) error { return one(s.IncrBy(key+"n", 1)) }, rawIncrement},
		{
			"RPush, LPop", // in turn, so that the list stays short
			func(s *dive.Storage, key string, i int) error {
				if i%2 == 0 {
					return s.RPush(key+"l", "a value")
				}
				_, err := s.LPop(key+"l", 1)

				return err
			}, rawRotate,
		},
		{
			"LRange", // of a list of ten
			func(s *dive.Storage, key string, _ int) error { _, err := s.LRange(key+"ten", 0, -1); return err },
			func(ctx context.Context, kv jetstream.KeyValue, key string, _ int) error {
				_, err := kv.Get(ctx, key+"ten")
				return err
			},
		},
	}
}

// figure is what was measured of one operation.
type figure struct {
	p50, p99 time.Duration
	rate     float64 // operations a second, with figureWriters at once
}

// measure takes the figures of two operations in turns, so that both have the same neighbours.
func measure(t *testing.T, operations ...func(key string, i int) error) []figure {
	t.Helper()
	out := make([]figure, len(operations))
	took := make([][]time.Duration, len(operations))
	calls := make([]int, len(operations))
	done := make([][figureWriters]int, len(operations))
	for range figureRounds {
		for o, f := range operations {
			for begun := time.Now(); time.Since(begun) < figureTime; calls[o]++ {
				at := time.Now()
				noError(t, f("k", calls[o]))
				took[o] = append(took[o], time.Since(at))
			}
		}
		for o, f := range operations {
			var wg sync.WaitGroup
			begun := time.Now()
			for w := range figureWriters {
				wg.Go(func() {
					for ; time.Since(begun) < figureTime; done[o][w]++ {
						if err := f(fmt.Sprintf("w%d", w), done[o][w]); err != nil {
							t.Error(err)

							return
						}
					}
				})
			}
			wg.Wait()
		}
	}
	for o := range operations {
		slices.Sort(took[o])
		out[o].p50, out[o].p99 = took[o][len(took[o])/2], took[o][len(took[o])*99/100]
		for _, n := range done[o] {
			out[o].rate += float64(n)
		}
		out[o].rate /= (figureRounds * figureTime).Seconds()
	}

	return out
}

func TestFiguresOfTheManual(t *testing.T) {
	if !*figures {
		t.Skip("it takes minutes; -figures runs it")
	}
	for _, place := range []struct {
		name            string
		cores, replicas int
		remote          bool // the caller is no core node
	}{{"a single node", 0, 1, false}, {"one core node, called from another node", 1, 1, true}, {"three core nodes, 3 replicas, called from another node", 3, 3, true}} {
		var (
			s    *dive.Storage
			node *natsnode.Node
			err  error
		)
		o := dive.Options{Replicas: place.replicas, Timeout: 20 * time.Second}
		if place.cores == 0 {
			s = single(t, &o)
			node, err = natsnode.Open(natsnode.Config{Node: "raw"}) // a server of its own
		} else {
			c := newCluster(t, place.cores)
			for i := range place.cores {
				c.process(i, place.replicas)
			}
			_, s = c.join(-1, o)
			node, err = natsnode.Open(natsnode.Config{Node: "raw", CoreNodes: c.nodes, Secret: secret})
		}
		noError(t, err)
		t.Cleanup(node.Close)
		noError(t, s.Set("k", 1))
		for begun := time.Now(); place.cores > 1 && time.Since(begun) < leaderTime; {
			noError(t, s.Get("k").Err())
		}
		printTable(t, place.name, s, rawBucket(t, node, place.replicas))
	}
}

func rawBucket(t *testing.T, node *natsnode.Node, replicas int) jetstream.KeyValue {
	t.Helper()
	js, err := jetstream.New(node.Conn())
	noError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	kv, err := js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "raw", Storage: jetstream.MemoryStorage, Replicas: replicas, TTL: 24 * time.Hour})
	noError(t, err)

	return kv
}

func printTable(t *testing.T, name string, s *dive.Storage, kv jetstream.KeyValue) {
	t.Helper()
	var table strings.Builder
	fmt.Fprintf(&table, "\n%s\n\n| operation | p50 | engine | × | p99 | engine | a second, 16 at once | engine | × |\n|---|---|---|---|---|---|---|---|---|\n", name)
	keys := []string{"k"}
	for w := range figureWriters {
		keys = append(keys, fmt.Sprintf("w%d", w))
	}
	for _, key := range keys {
		noError(t, s.Set(key, "value"))
		noError(t, put(t.Context(), kv, key, 0))
		for range 10 {
			noError(t, s.RPush(key+"ten", "a value"))
		}
		noError(t, rawRotate(t.Context(), kv, key+"ten", 0))
	}
	for _, p := range pairs() {
		f := measure(t, func(key string, i int) error { return p.raw(t.Context(), kv, key, i) },
			func(key string, i int) error { return p.ours(s, key, i) })
		raw, ours := f[0], f[1]
		fmt.Fprintf(&table, "| `%s` | %s | %s | %.2f | %s | %s | %.0f | %.0f | %.2f |\n", p.name,
			ours.p50.Round(time.Microsecond), raw.p50.Round(time.Microsecond), float64(ours.p50)/float64(raw.p50),
			ours.p99.Round(time.Microsecond), raw.p99.Round(time.Microsecond), ours.rate, raw.rate, raw.rate/ours.rate)
	}
	fmt.Fprintln(os.Stdout, table.String())
}

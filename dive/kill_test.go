package dive_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/storages"
	"github.com/parley-dm/parley/internal/testkit"
)

// coreVariable makes the test's binary a core node. It holds the node's number, the replicas of the
// storage, and all core addresses.
const coreVariable = "PARLEY_TEST_CORE"

// coreProcess is a core node in a process of its own, which can be killed.
func coreProcess() {
	nodes := strings.Split(os.Getenv(coreVariable), ",")
	i, _ := strconv.Atoi(nodes[0])
	replicas, _ := strconv.Atoi(nodes[1])
	nodes = nodes[2:]
	m := dive.NewModule()
	_, err := m.New("Test", &dive.Options{Replicas: replicas})
	if err == nil {
		err = storages.Of(m).Start(natsnode.Config{Node: fmt.Sprintf("n%d", i), Core: nodes[i], CoreNodes: nodes, Secret: secret}, len(nodes))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends it, or ends
	storages.Of(m).Stop(context.Background())
	os.Exit(0)
}

// process starts core node i in a process of its own.
func (c *cluster) process(i, replicas int) (kill func()) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(),
		coreVariable+"="+strings.Join(slices.Concat([]string{strconv.Itoa(i), strconv.Itoa(replicas)}, c.nodes), ","))
	cmd.Env = append(cmd.Env, "TMPDIR="+c.t.TempDir()) // what a killed process leaves
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	noError(c.t, err)
	noError(c.t, cmd.Start())
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = in.Close()
		_ = cmd.Wait()
	})
	c.t.Cleanup(kill)

	return kill
}

// observe is a connection to the engine itself.
func (c *cluster) observe() *natsnode.Node {
	c.t.Helper()
	n, err := natsnode.Open(natsnode.Config{Node: "observer", CoreNodes: c.nodes, Secret: secret, Log: slog.New(slog.DiscardHandler)})
	noError(c.t, err)
	c.t.Cleanup(n.Close)

	return n
}

// writer increments a counter until it is told to stop. It counts increments that were
// acknowledged, and those with an unknown outcome.
type writer struct{ acknowledged, unknown atomic.Int64 }

func (w *writer) run(ctx context.Context, s *dive.Storage) error {
	for ctx.Err() == nil {
		err := s.IncrBy("counter", 1).Err()
		switch {
		case err == nil:
			w.acknowledged.Add(1)
		case errors.Is(err, dive.ErrUnavailable) && strings.Contains(err.Error(), "the outcome is unknown"):
			w.unknown.Add(1)
		case !errors.Is(err, dive.ErrUnavailable) && !errors.Is(err, dive.ErrContended):
			return err
		}
	}

	return nil
}

// leader is the core node that leads the storage.
func (c *cluster) leader(nc *nats.Conn) (i int) {
	c.t.Helper()
	testkit.Eventually(c.t, "a leader", func() bool {
		info := streamInfo(c.t, nc)
		if info == nil || info.Cluster == nil {
			return false
		}
		_, err := fmt.Sscanf(info.Cluster.Leader, "n%d", &i)

		return err == nil
	})

	return i
}

// upToDate tells whether all replicas of the storage have all that the leader has.
func upToDate(t *testing.T, nc *nats.Conn) bool {
	t.Helper()
	info := streamInfo(t, nc)
	if info == nil || info.Cluster == nil || info.Cluster.Leader == "" || len(info.Cluster.Replicas) != 2 {
		return false
	}

	return !slices.ContainsFunc(info.Cluster.Replicas, func(p *jetstream.PeerInfo) bool { return !p.Current || p.Offline })
}

// streamInfo is what the engine tells of the storage; nil if it tells nothing.
func streamInfo(t *testing.T, nc *nats.Conn) *jetstream.StreamInfo {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	js, err := jetstream.New(nc)
	noError(t, err)
	stream, err := js.Stream(ctx, "PARLEY_Test")
	if err != nil {
		return nil
	}
	info, err := stream.Info(ctx)
	if err != nil {
		return nil
	}

	return info
}

func TestNoAcknowledgedIncrementIsLostWhenACoreNodeIsKilled(t *testing.T) {
	c := newCluster(t, 3)
	var kills []func()
	for i := range 3 {
		kills = append(kills, c.process(i, 3))
	}
	var (
		writers [4]writer
		wg      sync.WaitGroup
		clients []*dive.Storage
	)
	for range writers {
		_, s := c.join(-1, dive.Options{Replicas: 3, Timeout: 5 * time.Second})
		clients = append(clients, s)
	}
	begun := time.Now()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	for i := range writers {
		wg.Go(func() {
			if err := writers[i].run(ctx, clients[i]); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
		})
	}
	sum := func() (acknowledged, unknown int64) {
		for i := range writers {
			acknowledged += writers[i].acknowledged.Load()
			unknown += writers[i].unknown.Load()
		}

		return acknowledged, unknown
	}
	more := func(n int64) {
		t.Helper()
		before, _ := sum()
		testkit.Eventually(t, "increments", func() bool { now, _ := sum(); return now >= before+n })
	}
	observer := c.observe()
	more(50)
	t.Logf("the first 50 increments after %s", time.Since(begun))
	for round := range 2 {
		leader := c.leader(observer.Conn())
		kills[leader]()
		killed := time.Now()
		more(50)
		t.Logf("round %d: node %d, which led, was killed: 50 increments after %s", round, leader, time.Since(killed))
		kills[leader] = c.process(leader, 3)
		restarted := time.Now()
		testkit.Eventually(t, "replicas that are up to date", func() bool { return upToDate(t, observer.Conn()) })
		t.Logf("it was started again: up to date after %s", time.Since(restarted))
		more(100)
	}
	end()
	wg.Wait()
	acknowledged, unknown := sum()
	n, err := clients[0].Get("counter").ToInt64()
	noError(t, err)
	t.Logf("%d increments acknowledged, %d unknown, the counter is %d", acknowledged, unknown, n)
	if n < acknowledged || n > acknowledged+unknown {
		t.Errorf("%d increments were acknowledged, %d are unknown, the counter is %d", acknowledged, unknown, n)
	}
}

func TestWithOneReplicaValuesAreLostWithTheirNode(t *testing.T) {
	for _, cores := range []int{1, 3} {
		t.Run(fmt.Sprintf("cores=%d", cores), func(t *testing.T) {
			c := newCluster(t, cores)
			var kills []func()
			for i := range cores {
				kills = append(kills, c.process(i, 1))
			}
			_, s := c.join(-1, dive.Options{Timeout: 15 * time.Second})
			noError(t, s.Set("k", 1))
			keeper := 0
			if cores > 1 {
				keeper = c.leader(c.observe().Conn())
			}
			kills[keeper]()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if err := s.GetContext(ctx, "k").Err(); !errors.Is(err, dive.ErrUnavailable) {
				t.Errorf("without its node: %v", err)
			}
			kills[keeper] = c.process(keeper, 1)
			restarted := time.Now()
			if err := s.Get("k").Err(); !errors.Is(err, dive.ErrNotFound) {
				t.Errorf("after its node has come back: %v", err)
			}
			t.Logf("%s after its node was started again the storage is there, and empty", time.Since(restarted))
			noError(t, s.Set("k", 2))
			if n, err := s.Get("k").ToInt(); err != nil || n != 2 {
				t.Errorf("got %d, %v", n, err)
			}
		})
	}
}

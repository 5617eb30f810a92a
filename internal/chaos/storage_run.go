package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/chaos/storageop"
)

const (
	coreNodes       = 3
	coreClientsPort = 7400
	defaultWorkers  = 12
	// upToDateLine is what a core node logs once all have what it lost with its process.
	upToDateLine = "all replicas of a storage are up to date"
)

// storageRunner is a run whose clients use storages.
type storageRunner struct {
	*runner

	workers []*worker
	history *storageHistory
}

// RunStorages makes a run in which clients increment counters, push to and pop from queues, and set
// keys once, through all nodes, while nodes, mostly core nodes, are killed, paused and cut off. The
// binary is that of cmd/storagenode.
func RunStorages(ctx context.Context, o Options) (*StorageReport, error) {
	if o.Nodes == 0 {
		o.Nodes = maxNodes
	}
	if o.Clients == 0 {
		o.Clients = defaultWorkers
	}
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	var net network = &loopback{}
	if o.Namespaces {
		own, err := newTunnels(o.Nodes, o.Dir, o.Seed, needles...)
		if err != nil {
			fmt.Fprintf(o.Out, "no network of its own, which needs root on Linux, and /dev/net/tun: %v\n", err)
		} else {
			net = own
		}
	}
	r := &storageRunner{runner: &runner{o: o, cluster: newCluster(&o, net), history: newHistory(nil)}, history: newStorageHistory()}
	fmt.Fprintf(o.Out, "seed %d: %d nodes, 3 of them core nodes, %d clients, faults for %v; logs in %s\n", o.Seed, o.Nodes, o.Clients, o.Time, o.Dir)
	report, err := r.run(ctx)
	r.cluster.kill()
	if err := errors.Join(err, net.close()); err != nil {
		return nil, err
	}

	return report, nil
}

func (r *storageRunner) run(ctx context.Context) (*StorageReport, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := r.assignCores(); err != nil {
		return nil, err
	}
	if err := r.cluster.start(ctx); err != nil {
		return nil, err
	}
	var background sync.WaitGroup
	defer background.Wait()
	background.Go(func() { r.cluster.watchReadiness(ctx) })
	defer cancel()
	for _, n := range r.cluster.nodes[:coreNodes] {
		if err := r.awaitUpToDate(ctx, n, 0); err != nil {
			return nil, err
		}
	}
	if err := r.connectWorkers(ctx); err != nil {
		return nil, err
	}
	defer r.closeWorkers()
	working, stopWorking := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer stopWorking()
	for _, w := range r.workers {
		work.Go(func() { w.work(working, ctx) })
	}
	report := &StorageReport{o: r.o, machine: machine(), faults: map[string]int{}, recoveries: map[string]*times{}}
	rng := rand.New(rand.NewPCG(r.o.Seed, 1))
	draw := r.faultSource(rng)
	for from := time.Now(); time.Since(from) < r.o.Time && ctx.Err() == nil; {
		f := draw()
		n := r.cluster.nodes[rng.IntN(coreNodes)]
		if len(r.cluster.nodes) > coreNodes && rng.IntN(5) == 0 {
			n = r.cluster.nodes[coreNodes+rng.IntN(len(r.cluster.nodes)-coreNodes)]
		}
		if err := r.round(ctx, f, n, rng, report); err != nil {
			return nil, err
		}
	}
	stopWorking()
	work.Wait()
	report.skipped = r.skipped
	end, err := r.finalState(ctx)
	if err != nil {
		return nil, err
	}
	r.closeWorkers()
	r.drainAll()
	report.gather(r, end)

	return report, ctx.Err()
}

// assignCores gives the first nodes core addresses, and all nodes the list of them.
func (r *storageRunner) assignCores() error {
	var cores []string
	for _, n := range r.cluster.nodes[:coreNodes] {
		at, err := coreAddr(r.cluster.network, n.place)
		if err != nil {
			return err
		}
		cores = append(cores, at)
	}
	for i, n := range r.cluster.nodes {
		n.flags = []string{"--core-nodes", strings.Join(cores, ",")}
		if i < coreNodes {
			n.flags = append(n.flags, "--core", cores[i])
		}
	}

	return nil
}

// coreAddr is an address whose port and the following one are free.
func coreAddr(net network, place int) (string, error) {
	for range portRange {
		tcp, web, cluster, err := net.addrs(place)
		if err != nil {
			return "", err
		}
		if host, own := hostOf(cluster); own {
			return host + ":" + strconv.Itoa(coreClientsPort), nil
		}
		if portOf(web) == portOf(tcp)+1 {
			return tcp, nil
		}
	}

	return "", errors.New("chaos: no two ports in a row are free")
}

// hostOf is the host of an address, and whether it is one of a network of its own.
func hostOf(addr string) (host string, own bool) {
	host, _, _ = net.SplitHostPort(addr)

	return host, host != "127.0.0.1"
}

func portOf(addr string) int {
	_, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)

	return n
}

func (r *storageRunner) connectWorkers(ctx context.Context) error {
	keyring, err := parley.New(parley.Config{AuthKey: authKey}) //nolint:contextcheck // it only reads files
	if err != nil {
		return err
	}
	begun := time.Now()
	for i := range r.o.Clients {
		w := &worker{
			id: fmt.Sprint("w", i), home: i % len(r.cluster.nodes), cluster: r.cluster, history: r.history, begun: begun,
			rng: rand.New(rand.NewPCG(r.o.Seed, uint64(100+i))),
		}
		token, err := keyring.Token(w.id)
		if err != nil {
			return err
		}
		if err := w.connect(ctx, token); err != nil {
			return err
		}
		r.workers = append(r.workers, w)
	}

	return nil
}

func (r *storageRunner) closeWorkers() {
	for _, w := range r.workers {
		_ = w.Close()
	}
}

// round makes a fault, undoes it, and waits until every worker has an acknowledged write.
func (r *storageRunner) round(ctx context.Context, f fault, n *node, rng *rand.Rand, report *StorageReport) error {
	hold := f.min + time.Duration(rng.Int64N(int64(f.max-f.min)+1))
	r.logf("fault", "%s: %s for %v", n.name, f.name, hold)
	report.faults[f.name]++
	process, seen := n.current(), logCount(n.log, upToDateLine)
	undo, err := f.inject(ctx, r.runner, n)
	if err != nil {
		return fmt.Errorf("chaos: %s: %s: %w", n.name, f.name, err)
	}
	_ = sleep(ctx, hold)
	if err := undo(); err != nil {
		return fmt.Errorf("chaos: %s: %s: %w", n.name, f.name, err)
	}
	undone := time.Now()
	r.logf("undone", "%s: %s", n.name, f.name)
	if n.current() != process && n.place < coreNodes { // it has lost its memory
		if err := r.awaitUpToDate(ctx, n, seen); err != nil {
			r.violated(violation{rule: storageStuck, text: err.Error()})
		}
	}
	r.awaitWrites(ctx)
	report.recovered(f.name, time.Since(undone))
	r.checkProcesses()

	return ctx.Err()
}

func (r *storageRunner) violated(v violation) { r.runner.history.violated(v) }

// awaitWrites waits until every worker has had another write acknowledged.
func (r *storageRunner) awaitWrites(ctx context.Context) {
	before := make([]int64, len(r.workers))
	for i, w := range r.workers {
		before[i] = w.writes.Load()
	}
	end := time.Now().Add(r.o.Within)
	for i, w := range r.workers {
		for w.writes.Load() == before[i] && sleep(ctx, 5*time.Millisecond) == nil {
			if time.Now().After(end) {
				r.violated(violation{rule: storageStuck, text: fmt.Sprintf("%s has had no write acknowledged for %v", w.id, r.o.Within)})

				return
			}
		}
	}
}

// awaitUpToDate waits until a core node has said once more than that often that all replicas are up
// to date.
func (r *storageRunner) awaitUpToDate(ctx context.Context, n *node, seen int) error {
	for end := time.Now().Add(r.o.Within); logCount(n.log, upToDateLine) <= seen; {
		if time.Now().After(end) {
			return fmt.Errorf("%s: the replicas are not up to date after %v", n.name, r.o.Within)
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}

	return nil
}

func logCount(file, line string) int {
	text, _ := os.ReadFile(file)

	return strings.Count(string(text), line)
}

// finalState reads what the storage holds, and empties its queues.
func (r *storageRunner) finalState(ctx context.Context) (end finalState, err error) {
	end = finalState{map[string]int64{}, map[string][]string{}, map[string]string{}}
	read := func(q storageop.Request) (a storageop.Answer) {
		for range 10 {
			if a = r.workers[0].ask(ctx, q); a.Result == storageop.Done || q.Op == storageop.Pop {
				break
			}
		}
		if a.Result != storageop.Done && err == nil {
			err = fmt.Errorf("chaos: in the end, %s of %q: %s: %s", q.Op, q.Key, a.Result, a.Error)
		}

		return a
	}
	for key := range r.history.counters {
		end.counters[key] = read(storageop.Request{Op: storageop.Read, Key: key}).Number
	}
	for key := range r.history.queues {
		for err == nil {
			a := read(storageop.Request{Op: storageop.Pop, Key: key})
			if len(a.Values) == 0 {
				break
			}
			end.queues[key] = append(end.queues[key], a.Values...)
		}
	}
	for key := range r.history.locks {
		end.locks[key] = strings.Join(read(storageop.Request{Op: storageop.Read, Key: key}).Values, "")
	}

	return end, err
}

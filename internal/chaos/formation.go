package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// formationSize is how many nodes start together in a formation.
const formationSize = 6

// formClusters starts six nodes at about the same time, again and again, that join by one DNS name,
// or where there is none by a list of all. They must become one cluster: each is ready with six
// members only.
func (r *runner) formClusters(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(r.o.Seed, 3))
	for i := range r.o.Starts {
		took, err := r.formCluster(ctx, rng, i)
		if err != nil {
			return err
		}
		r.logf("formed", "six nodes are one cluster after %v", took)
	}

	return nil
}

func (r *runner) formCluster(ctx context.Context, rng *rand.Rand, start int) (time.Duration, error) {
	dir := fmt.Sprintf("%s/formation%d", r.o.Dir, start)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return 0, err
	}
	o := r.o
	o.Dir, o.Nodes = dir, 0
	c := newCluster(&o, r.cluster.network)
	for i := range formationSize {
		if err := c.add(i, fmt.Sprintf("f%d", i+1)).assignAddrs(c.network); err != nil {
			return 0, err
		}
	}
	defer c.kill()
	join := c.addrs()
	if name := c.network.dnsName(); name != "" {
		_, port, err := net.SplitHostPort(join[0])
		if err != nil {
			return 0, err
		}
		join = []string{net.JoinHostPort(name, port)}
	}
	from := r.history.now()
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	errs := make([]error, formationSize)
	var all sync.WaitGroup
	for i, n := range c.nodes {
		late := time.Duration(rng.Int64N(int64(300 * time.Millisecond)))
		all.Go(func() {
			_ = sleep(ctx, late)
			errs[i] = n.start(ctx, c.network, &o, join, "--min-members", strconv.Itoa(formationSize))
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			r.history.violated(violation{rule: separateClusters, text: fmt.Sprintf("start %d: %v", start, err)})

			return 0, ctx.Err()
		}
	}
	if why := awaitReady(ctx, c); why != "" {
		r.history.violated(violation{rule: separateClusters, text: fmt.Sprintf("start %d: %s", start, why)})

		return 0, nil
	}
	took := r.history.now().since(from)
	r.counters.formations.add(took)

	return took, nil
}

// awaitReady waits until all nodes are ready; why says what the others say when there is no time
// left.
func awaitReady(ctx context.Context, c *cluster) (why string) {
	web := c.httpClient()
	defer web.CloseIdleConnections()
	for {
		var missing []string
		for _, n := range c.nodes {
			if said := readiness(ctx, web, n.http); said != "" {
				missing = append(missing, n.name+": "+said)
			}
		}
		if len(missing) == 0 {
			return ""
		}
		if sleep(ctx, 50*time.Millisecond) != nil {
			return strings.Join(missing, "; ")
		}
	}
}

package bench

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/auth"
)

// instances starts n nodes inside this process.
func (s *Setup) instances(ctx context.Context, n int) (sys *system, stop func(), err error) {
	key := auth.NewKey()
	sys = &system{name: parleyName, proto: s.protocol(key)}
	secret := rand.Text()
	var nodes []*parley.Server
	stop = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		var stops sync.WaitGroup
		for _, node := range nodes {
			stops.Go(func() { _ = node.Stop(ctx) })
		}
		stops.Wait()
	}
	var join []string
	for i := range n {
		s.progress(float64(i)/float64(n), "nodes start")
		cfg := parley.Config{
			Node: "bench-" + strconv.Itoa(i+1), TCP: loopback, HTTP: loopback, AuthKey: key.Secret(), LogLevel: "error",
			MaxPending: -1, AddressPending: -1, AddressOpen: -1, AddressLogins: -1, UserLogins: -1,
		}
		if n > 1 {
			cfg.Cluster, cfg.Join, cfg.ClusterSecret = loopback, join, secret
		}
		node, err := parley.New(cfg)
		if err != nil {
			stop()

			return nil, nil, err
		}
		node.DM().ExposeCommands()
		if err := node.Start(ctx); err != nil {
			stop()

			return nil, nil, fmt.Errorf("node %d: %w", i+1, err)
		}
		nodes = append(nodes, node)
		join = append(join, node.ClusterAddr())
		addr := node.TCPAddr()
		if s.WebSocket {
			addr = node.HTTPAddr()
		}
		sys.addrs = append(sys.addrs, addr)
	}

	return sys, stop, nil
}

package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/notice"
)

// node is one node of the cluster.
type node struct {
	*parley.Server

	name   string
	secret string // the cluster's
}

// startNodes starts nodes that join each other, on ports that the system chooses.
func startNodes(ctx context.Context, names ...string) (nodes []*node, err error) {
	secret := rand.Text()
	var join []string
	for _, name := range names {
		server, err := parley.New(parley.Config{
			Node: name, TCP: "127.0.0.1:0", HTTP: "127.0.0.1:0", Cluster: "127.0.0.1:0", Join: join, ClusterSecret: secret, LogLevel: "error",
		})
		if err != nil {
			return nodes, err
		}
		server.DM().ExposeCommands()
		notice.Attach(server.DM())
		if err := server.Start(ctx); err != nil {
			return nodes, fmt.Errorf("node %s: %w", name, err)
		}
		nodes = append(nodes, &node{Server: server, name: name, secret: secret})
		join = append(join, server.ClusterAddr())
	}

	return nodes, nil
}

func stopAll(ctx context.Context, nodes []*node) {
	var stopping sync.WaitGroup
	for _, n := range nodes {
		stopping.Go(func() { _ = n.Stop(ctx) })
	}
	stopping.Wait()
}

package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/notice"
)

// node is one node of the cluster: in this process, or in a child process.
type node struct {
	server *parley.Server // nil for a child process
	child  *child         // nil in this process

	name     string
	secret   string // the cluster's
	tcp, web string // URLs for clients
	cluster  string // address for other nodes
}

// startNodes starts n1 and n2 in this process and n3 in a child process, on ports that the system
// chooses.
func startNodes(ctx context.Context, program string) (nodes []*node, err error) {
	secret := rand.Text()
	var join []string
	for _, name := range []string{"n1", "n2"} {
		server, err := parley.New(parley.Config{ //nolint:contextcheck // it only reads files
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
		nodes = append(nodes, &node{
			server: server, name: name, secret: secret,
			tcp: "tcp://" + server.TCPAddr(), web: "ws://" + server.HTTPAddr() + "/ws", cluster: server.ClusterAddr(),
		})
		join = append(join, server.ClusterAddr())
	}
	third, err := startChild(ctx, program, "n3", strings.Join(join, ","), secret)
	if err != nil {
		return nodes, err
	}

	return append(nodes, third), nil
}

func stopAll(ctx context.Context, nodes []*node) {
	var stopping sync.WaitGroup
	for _, n := range nodes {
		stopping.Go(func() {
			if n.child != nil {
				n.child.stop()
			} else {
				_ = n.server.Stop(ctx)
			}
		})
	}
	stopping.Wait()
}

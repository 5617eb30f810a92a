package dive_test

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/storages"
)

const secret = "a secret of sixteen bytes or more"

// cluster is the core nodes of a test.
type cluster struct {
	t     *testing.T
	nodes []string // core addresses
}

func newCluster(t *testing.T, cores int) *cluster {
	t.Helper()
	c := &cluster{t: t}
	for range cores {
		c.nodes = append(c.nodes, testkit.CorePort(t))
	}

	return c
}

// join starts a node that has one storage, "Test": core node i, or another one if i is negative.
func (c *cluster) join(i int, o dive.Options) (*dive.Module, *dive.Storage) {
	c.t.Helper()
	m := dive.NewModule()
	s, err := m.New("Test", &o)
	noError(c.t, err)
	cfg := natsnode.Config{Node: fmt.Sprintf("n%d", i), CoreNodes: c.nodes, Secret: secret, Log: slog.New(slog.DiscardHandler)}
	if i >= 0 {
		cfg.Core = c.nodes[i]
	}
	noError(c.t, storages.Of(m).Start(cfg, len(c.nodes)))
	c.t.Cleanup(func() { stop(m) })

	return m, s
}

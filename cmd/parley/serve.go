package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/alecthomas/kong"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/logwriter"
	"github.com/parley-dm/parley/internal/notice"
	_ "github.com/parley-dm/parley/otlp" // --otlp
)

// gcPercent makes the collector run more often than by default. What a node holds is mostly idle
// users, and messages allocate nothing: so it costs next to nothing, and garbage takes half the
// memory. The variable GOGC counts more.
const gcPercent = 50

type serveCommand struct {
	kong.Plugins // the flags that are made of the table in internal/config

	Config string `help:"JSON file with any of these settings." placeholder:"FILE"`
}

// Run runs a node until it is told to stop.
func (c *serveCommand) Run(ctx context.Context, parsed *kong.Context, s *streams) error {
	cfg, err := parley.LoadConfig(c.Config, s.environ, givenSettings(parsed))
	if err != nil {
		return err
	}
	stop := survivePipes()
	defer stop()
	hangups, stopHangups := watchHangups()
	defer stopHangups()
	out := logwriter.New(s.out, nil) // a node does not wait for the reader of its output
	defer func() { _ = out.Close(lastWordsTime) }()
	if !slices.ContainsFunc(s.environ, func(pair string) bool { return strings.HasPrefix(pair, "GOGC=") && pair != "GOGC=" }) {
		debug.SetGCPercent(gcPercent)
	}
	limitMemory(s.err, memlimit.FromCgroup)
	node, err := parley.New(cfg) //nolint:contextcheck // it only reads files
	if err != nil {
		return err
	}
	node.DM().ExposeCommands()
	notice.Attach(node.DM())
	if err := node.Start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it had begun
		}

		return err
	}
	announce(out, cfg, node)
	for running := true; running; {
		select {
		case <-ctx.Done():
			running = false
		case <-hangups:
			_ = node.Reload(ctx) // it logs what is wrong
			node.ReloadLogLevel(func() (parley.Config, error) { return parley.LoadConfig(c.Config, s.environ, givenSettings(parsed)) })
		case <-node.Done():
			return node.Err()
		}
	}
	fmt.Fprintln(out, "stopping; once more to stop at once")
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), node.StopTime())
	defer cancel()

	return node.Stop(drain)
}

// announce says where the node is, in lines that a script can read as well: a name, spaces, and
// what it stands for.
func announce(out io.Writer, cfg parley.Config, node *parley.Server) {
	tcp, web, admin := "tcp://", "ws://", "http://"
	if cfg.TLSCert != "" {
		tcp, web, admin = "tls://", "wss://", "https://"
	}
	lines := []struct{ name, value, before, after string }{
		{"node", node.NodeID(), "", ""},
		{"clients", node.TCPAddr(), tcp, ""},
		{"web", node.HTTPAddr(), web, "/ws"},
		{"admin", node.AdminAddr(), admin, ""},
		{"cluster", node.ClusterAddr(), "", ""},
	}
	for _, l := range lines {
		if l.value != "" {
			fmt.Fprintf(out, "%-9s%s%s%s\n", l.name, l.before, l.value, l.after)
		}
	}
	if cfg.Dev {
		fmt.Fprintf(out, "page     %s\n", node.PageURL())
	}
	if cfg.AuthKey == "" && len(cfg.AuthKeys) == 0 {
		fmt.Fprintln(out, "key      made on this machine: parley token, send and chat sign with it (not for production: see --auth-key)")
	}
	fmt.Fprintln(out, "ready")
}

package main

import (
	"context"
	"fmt"

	"github.com/parley-dm/parley/internal/bench"
	"github.com/parley-dm/parley/internal/bench/natsbench"
)

// benchRelay is one of the two relays of a floor, in a process of its own.
type benchRelay struct {
	Join string
	Loop bool // the machine's floor, in place of the Go floor
}

// Run relays until it is told to stop.
func (c *benchRelay) Run(ctx context.Context, s *streams) error {
	if c.Loop {
		bench.OwnProcessor()

		return bench.ServeLoopRelay(ctx, c.Join, s.announce)
	}

	return bench.ServeRelay(ctx, c.Join, s.announce)
}

// benchNATS is one of the two NATS servers of the comparison, or the one of package chaos, in a
// process of its own.
type benchNATS struct {
	Name   string
	Listen string `default:"127.0.0.1:0"`
	Join   string
}

// Run serves until it is told to stop.
func (c *benchNATS) Run(ctx context.Context, s *streams) error {
	return natsbench.Serve(ctx, c.Name, c.Listen, c.Join, s.announce)
}

// announce prints a name and its value in one line.
func (s *streams) announce(name, value string) { fmt.Fprintf(s.out, "%-9s%s\n", name, value) }

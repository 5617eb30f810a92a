package main

import (
	"context"
	"fmt"

	"github.com/parley-dm/parley/internal/auth"
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

// benchCrowd is idle users of one process.
type benchCrowd struct {
	Addr    []string
	AuthKey string `env:"PARLEY_AUTH_KEY" name:"auth-key"`
	Prefix  string
	First   int
	Users   int
	AtOnce  int
	WS      bool `name:"ws"`
}

// Run holds the users until it is told to stop.
func (c *benchCrowd) Run(ctx context.Context, s *streams) error {
	key, err := auth.ParseKey(c.AuthKey)
	if err != nil {
		return fmt.Errorf("--auth-key: %w", err)
	}
	o := bench.CrowdOptions{Addrs: c.Addr, Key: key, Prefix: c.Prefix, First: c.First, Users: c.Users, AtOnce: c.AtOnce, WebSocket: c.WS}

	return bench.RunCrowd(ctx, o, s.announce)
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

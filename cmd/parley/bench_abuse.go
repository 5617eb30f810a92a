package main

import (
	"context"
	"fmt"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/bench"
)

type benchAbuse struct {
	benchOutput

	Binary   []string      `name:"binary" help:"Measure nodes of this binary instead of this program; repeat the flag to compare several. self: this program." placeholder:"[NAME=]PATH" sep:"none"`
	WS       bool          `name:"ws" help:"Honest users connect by WebSocket."`
	Attack   []string      `help:"Run this attack; repeat the flag for several (default: all, see --list)." placeholder:"NAME"`
	Duration time.Duration `default:"5s" help:"How long each phase is (default: ${default})." placeholder:"TIME"`
	Rounds   int           `default:"1" help:"Rounds, with fresh nodes each; the middle ratio counts (default: ${default})." placeholder:"N"`
	List     bool          `help:"Print all attacks, and run none."`
}

// Run measures attacks.
func (c *benchAbuse) Run(ctx context.Context, s *streams) error {
	if c.List {
		for _, a := range bench.Attacks() {
			fmt.Fprintf(s.out, "%-18s%s\n", a.Name, a.What)
		}

		return nil
	}
	n := benchNodes{benchOutput: c.benchOutput, Binary: c.Binary, WS: c.WS}
	o := bench.AbuseOptions{Attacks: c.Attack, Duration: c.Duration, Rounds: c.Rounds}

	return n.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Abuse(ctx, o) })
}

// benchAttack is the attackers of one attack, in a process of its own.
type benchAttack struct {
	Attack  string
	TCP     []string `name:"tcp"`
	HTTP    []string `name:"http"`
	AuthKey string   `env:"PARLEY_AUTH_KEY" name:"auth-key"`
}

// Run attacks until it is told to stop.
func (c *benchAttack) Run(ctx context.Context, s *streams) error {
	key, err := auth.ParseKey(c.AuthKey)
	if err != nil {
		return fmt.Errorf("--auth-key: %w", err)
	}

	return bench.RunAttack(ctx, bench.AttackOptions{Attack: c.Attack, TCP: c.TCP, Web: c.HTTP, Key: key}, s.announce)
}

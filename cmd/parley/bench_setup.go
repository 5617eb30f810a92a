package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/bench"
)

// benchNodes says which nodes are measured.
type benchNodes struct {
	benchOutput

	Binary  []string `name:"binary" help:"Measure nodes of this binary instead of this program; repeat the flag to compare several. self: this program." placeholder:"[NAME=]PATH" sep:"none"`
	URL     []string `name:"url" help:"Measure a running node, tcp:// or ws://; repeat the flag for each node of the cluster." placeholder:"URL" sep:"none"`
	AuthKey string   `env:"PARLEY_AUTH_KEY" help:"With --url: the nodes' auth key." placeholder:"KEY"`
	PID     []int    `name:"pid" help:"With --url: process IDs of the nodes on this machine, for CPU time and memory." placeholder:"PID"`
	WS      bool     `name:"ws" help:"Users connect by WebSocket."`
	Ack     bool     `help:"Messages ask for a response."`
}

// setup is what the flags say, with a progress bar on a terminal. Done takes the bar away.
func (n *benchNodes) setup(s *streams) (setup *bench.Setup, done func(), err error) {
	path, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("this program cannot be started again: %w", err)
	}
	setup = &bench.Setup{Self: bench.Self{Path: path}, URLs: n.URL, PIDs: n.PID, WebSocket: n.WS, Responses: n.Ack}
	if setup.Binaries, err = bench.ParseBinaries(n.Binary); err != nil {
		return nil, nil, err
	}
	if len(n.URL) > 0 && len(n.Binary) > 0 {
		return nil, nil, errors.New("--binary starts nodes, and --url names running ones: give one of them")
	}
	if len(n.URL) > 0 {
		if n.AuthKey == "" {
			setup.Key, err = devKey()
		} else if setup.Key, err = auth.ParseKey(n.AuthKey); err != nil {
			err = fmt.Errorf("--auth-key: %w", err)
		}
	} else if len(n.PID) > 0 {
		err = errors.New("--pid names processes of running nodes: give their --url too")
	}
	if err != nil {
		return nil, nil, err
	}
	done = func() {}
	if isTerminal(s.err) {
		bar := bench.NewProgressBar(s.err)
		setup.Progress, done = bar.Show, bar.Clear
	}

	return setup, done, nil
}

// run measures, and writes the report.
func (n *benchNodes) run(s *streams, measure func(*bench.Setup) (*bench.Report, error)) error {
	setup, done, err := n.setup(s)
	if err != nil {
		return err
	}

	return n.report(s, func() (*bench.Report, error) {
		defer done()
		r, err := measure(setup)
		if errors.Is(err, context.Canceled) {
			err = errors.New("stopped before the measurement was done")
		}

		return r, err
	})
}

// benchRest says for how long rest is measured.
type benchRest struct {
	Rest time.Duration `default:"3s" help:"How long to measure CPU time at rest (default: ${default})." placeholder:"TIME"`
}

// benchPinned ties processes to a processor.
type benchPinned struct {
	Pinned bool `help:"Run all processes, this one included, on one processor (Linux)."`
}

// benchCounts asks for counts beside times.
type benchCounts struct {
	Counts bool `help:"Count context switches and system calls a message, and what perf can count besides (Linux)."`
}

type benchLoad struct {
	Pairs    int           `default:"1" help:"Pairs of users (default: ${default})." placeholder:"N"`
	Size     int           `default:"64" help:"Bytes of a message (default: ${default})." placeholder:"N"`
	Duration time.Duration `default:"5s" help:"How long to measure (default: ${default})." placeholder:"TIME"`
	Warmup   time.Duration `default:"1s" help:"How long to run before that (default: ${default})." placeholder:"TIME"`
	SameNode bool          `help:"Connect both users of a pair to one node."`
}

func (l *benchLoad) load(pinned bool) bench.Load {
	return bench.Load{Pairs: l.Pairs, Size: l.Size, Duration: l.Duration, Warmup: l.Warmup, SameNode: l.SameNode, Pinned: pinned}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/bench"
	"github.com/parley-dm/parley/internal/bench/natsbench"
)

type benchCommand struct {
	Floor    benchFloor    `cmd:"" help:"Round trips through two bare relays: the least a Go program can do."`
	Pingpong benchPingPong `cmd:"" help:"Round trips between pairs of users, and the servers' CPU time a message."`
	Rate     benchRate     `cmd:"" help:"Messages at a stated rate, corrected for coordinated omission."`
	Connect  benchConnect  `cmd:"" help:"Logins a second."`
	Idle     benchIdle     `cmd:"" help:"Memory of a user who does nothing."`
	First    benchFirst    `cmd:"" help:"The first message to a user on another node, and not found, by number of nodes."`
	Compare  benchCompare  `cmd:"" help:"Floor, Parley, plain NATS and servers of yours in turn: one table, with ratios and budgets."`

	Relay      benchRelay `cmd:"" hidden:""`
	NATSServer benchNATS  `cmd:"" hidden:"" name:"nats-server"`
}

// benchOutput is where a report goes.
type benchOutput struct {
	JSON     string `name:"json" help:"Write all figures there." placeholder:"FILE"`
	SVG      string `name:"svg" help:"Draw a chart there." placeholder:"FILE"`
	Markdown bool   `help:"Print the table as Markdown."`
}

// benchNodes says which nodes are measured.
type benchNodes struct {
	benchOutput

	URL     []string `name:"url" help:"Running nodes of one cluster instead of new ones: tcp:// or ws://, once for each." placeholder:"URL" sep:"none"`
	AuthKey string   `env:"PARLEY_AUTH_KEY" help:"With --url: the nodes' auth key." placeholder:"KEY"`
	PID     []int    `name:"pid" help:"With --url: the nodes' processes, to measure them too." placeholder:"PID"`
	WS      bool     `name:"ws" help:"Users connect by WebSocket."`
	Ack     bool     `help:"Messages ask for a response."`
}

type benchLoad struct {
	Pairs    int           `default:"1" help:"Pairs of users (default: ${default})." placeholder:"N"`
	Size     int           `default:"64" help:"Bytes of a message (default: ${default})." placeholder:"N"`
	Duration time.Duration `default:"5s" help:"How long to measure (default: ${default})." placeholder:"TIME"`
	Warmup   time.Duration `default:"1s" help:"How long to run before that (default: ${default})." placeholder:"TIME"`
	SameNode bool          `help:"Both users of a pair on one node."`
}

func (l *benchLoad) load() bench.Load {
	return bench.Load{Pairs: l.Pairs, Size: l.Size, Duration: l.Duration, Warmup: l.Warmup, SameNode: l.SameNode}
}

// setup is what the flags say, with a progress bar if somebody watches. Done takes the bar away.
func (n *benchNodes) setup(s *streams) (setup *bench.Setup, done func(), err error) {
	path, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("this program cannot be started again: %w", err)
	}
	setup = &bench.Setup{Self: bench.Self{Path: path}, URLs: n.URL, PIDs: n.PID, WebSocket: n.WS, Ack: n.Ack}
	if len(n.URL) > 0 {
		if n.AuthKey == "" {
			setup.Key, err = devKey()
		} else if setup.Key, err = auth.ParseKey(n.AuthKey); err != nil {
			err = fmt.Errorf("--auth-key: %w", err)
		}
	} else if len(n.PID) > 0 {
		err = errors.New("--pid tells of running nodes: give their --url too")
	}
	if err != nil {
		return nil, nil, err
	}
	done = func() {}
	if isTerminal(s.err) {
		bar := bench.NewBar(s.err)
		setup.Progress, done = bar.Show, bar.Clear
	}

	return setup, done, nil
}

// run measures, and puts the report where it belongs.
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

// report prints and writes what was measured. The files are made before, lest a mistake in their names cost a long run.
func (o *benchOutput) report(s *streams, measure func() (*bench.Report, error)) error {
	files := []struct {
		flag, name string
		write      func(*bench.Report, io.Writer) error
		file       *os.File
	}{
		{flag: "--json", name: o.JSON, write: (*bench.Report).JSON},
		{flag: "--svg", name: o.SVG, write: func(r *bench.Report, w io.Writer) error { return r.Chart.SVG(w) }},
	}
	for i := range files {
		if f := &files[i]; f.name != "" {
			var err error
			if f.file, err = os.Create(f.name); err != nil {
				return fmt.Errorf("%s: %w", f.flag, err)
			}
		}
	}
	r, err := measure()
	if err == nil && o.Markdown {
		r.Markdown(s.out)
	} else if err == nil {
		r.Text(s.out)
	}
	for _, f := range files {
		if f.file == nil {
			continue
		}
		if err == nil {
			err = f.write(r, f.file)
		}
		if e := f.file.Close(); err == nil {
			err = e
		}
	}

	return err
}

type benchFloor struct {
	benchOutput
	benchLoad
}

// Run measures the bare relay.
func (c *benchFloor) Run(ctx context.Context, s *streams) error {
	n := benchNodes{benchOutput: c.benchOutput}

	return n.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Floor(ctx, c.load()) })
}

type benchPingPong struct {
	benchNodes
	benchLoad
}

// Run measures round trips.
func (c *benchPingPong) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.PingPong(ctx, c.load()) })
}

type benchRate struct {
	benchNodes
	benchLoad

	Rate float64 `default:"1000" help:"Messages a second, of all pairs together (default: ${default})." placeholder:"N"`
}

// Run measures messages at a rate.
func (c *benchRate) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Rate(ctx, c.load(), c.Rate) })
}

type benchConnect struct {
	benchNodes

	Users int `default:"5000" help:"Users (default: ${default})." placeholder:"N"`
	Nodes int `default:"1" help:"Nodes to start (default: ${default})." placeholder:"N"`
}

// Run measures logins.
func (c *benchConnect) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Connect(ctx, c.Users, c.Nodes) })
}

type benchIdle struct {
	benchNodes

	Users  int           `default:"10000" help:"Users (default: ${default})." placeholder:"N"`
	Nodes  int           `default:"1" help:"Nodes to start (default: ${default})." placeholder:"N"`
	Settle time.Duration `default:"10s" help:"How long memory may take to settle (default: ${default})." placeholder:"TIME"`
}

// Run measures memory.
func (c *benchIdle) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Idle(ctx, c.Users, c.Nodes, c.Settle) })
}

type benchFirst struct {
	benchNodes

	Nodes     []int `default:"1,2,4,8,16,32" help:"Numbers of nodes (default: ${default})." placeholder:"N,…"`
	Samples   int   `default:"300" help:"First messages for each number (default: ${default})." placeholder:"N"`
	Processes bool  `help:"Each node in a process of its own instead of all in this one."`
}

// Run measures first messages.
func (c *benchFirst) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.First(ctx, c.Nodes, c.Samples, c.Processes) })
}

type benchCompare struct {
	benchNodes

	Rounds   int           `default:"5" help:"How often each is measured, in turn (default: ${default})." placeholder:"N"`
	Pairs    int           `default:"500" help:"Pairs of users under load (default: ${default})." placeholder:"N"`
	Size     int           `default:"64" help:"Bytes of a message (default: ${default})." placeholder:"N"`
	Duration time.Duration `default:"3s" help:"How long each measurement takes (default: ${default})." placeholder:"TIME"`
	Warmup   time.Duration `default:"500ms" help:"How long to run before each (default: ${default})." placeholder:"TIME"`
	NATS     bool          `name:"nats" default:"true" negatable:"" help:"Plain NATS takes part."`
	Peer     []string      `name:"peer" help:"Other servers that run already take part, all nodes of one kind: centrifugo=ws://…, mqtt=host:port,…, xmpp=[domain@]host:port,…" placeholder:"KIND=ADDRESS,…" sep:"none"`
	PeerPID  []string      `name:"peer-pid" help:"With --peer: its processes, to measure them too." placeholder:"KIND=PID,…" sep:"none"`
	Users    int           `default:"5000" help:"Idle users to measure memory with; 0: memory is not measured (default: ${default})." placeholder:"N"`
	Settle   time.Duration `default:"10s" help:"How long memory may take to settle (default: ${default})." placeholder:"TIME"`
	Nodes    []int         `default:"2,32" help:"Numbers of nodes to measure first messages with (default: ${default})." placeholder:"N,…"`
	Samples  int           `default:"300" help:"First messages for each number; 0: they are not measured (default: ${default})." placeholder:"N"`
}

// Run measures all, and compares.
func (c *benchCompare) Run(ctx context.Context, s *streams) error {
	peers, err := bench.ParsePeers(c.Peer, c.PeerPID)
	if err != nil {
		return err
	}
	m := bench.Match{
		Rounds: c.Rounds, Pairs: c.Pairs, Size: c.Size, Duration: c.Duration, Warmup: c.Warmup, NATS: c.NATS, Peers: peers,
		Users: c.Users, Settle: c.Settle, Nodes: c.Nodes, Samples: c.Samples,
	}

	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Compare(ctx, m) })
}

// benchRelay is one of the two relays of the floor, in a process of its own.
type benchRelay struct {
	Join string
}

// Run relays until it is told to stop.
func (c *benchRelay) Run(ctx context.Context, s *streams) error {
	return bench.ServeRelay(ctx, c.Join, s.announce)
}

// benchNATS is one of the two NATS servers of the comparison, or the one of package chaos, in a process of its own.
type benchNATS struct {
	Name   string
	Listen string `default:"127.0.0.1:0"`
	Join   string
}

// Run serves until it is told to stop.
func (c *benchNATS) Run(ctx context.Context, s *streams) error {
	return natsbench.Serve(ctx, c.Name, c.Listen, c.Join, s.announce)
}

// announce says in a line what a name stands for.
func (s *streams) announce(name, value string) { fmt.Fprintf(s.out, "%-9s%s\n", name, value) }

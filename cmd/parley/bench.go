package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/bench"
	"github.com/parley-dm/parley/internal/bench/natsbench"
)

type benchCommand struct {
	Floor    benchFloor    `cmd:"" help:"Round trips through two bare relays: the least a Go program can do."`
	Pingpong benchPingPong `cmd:"" help:"Round trips between pairs of users, and the servers' CPU time a message."`
	Rate     benchRate     `cmd:"" help:"Messages at a stated rate, corrected for coordinated omission."`
	Connect  benchConnect  `cmd:"" help:"Logins a second, and the whole cluster's CPU time a login."`
	Idle     benchIdle     `cmd:"" help:"What an idle user costs the whole cluster: memory, login, rest."`
	First    benchFirst    `cmd:"" help:"The first message to a user on another node, and not found, by number of nodes."`
	Notice   benchNotice   `cmd:"" help:"From kill -9 of a node until the peers of its clients know."`
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

	Binary  []string `name:"binary" help:"Measure nodes of this parley instead of this program; several, once for each, are measured in turn. self: this program." placeholder:"[NAME=]PATH" sep:"none"`
	URL     []string `name:"url" help:"Running nodes of one cluster instead of new ones: tcp:// or ws://, once for each." placeholder:"URL" sep:"none"`
	AuthKey string   `env:"PARLEY_AUTH_KEY" help:"With --url: the nodes' auth key." placeholder:"KEY"`
	PID     []int    `name:"pid" help:"With --url: the nodes' processes, to measure them too." placeholder:"PID"`
	WS      bool     `name:"ws" help:"Users connect by WebSocket."`
	Ack     bool     `help:"Messages ask for a response."`
}

// benchRest says for how long rest is measured.
type benchRest struct {
	Rest time.Duration `default:"3s" help:"How long to measure CPU at rest (default: ${default})." placeholder:"TIME"`
}

// benchPinned ties processes to a processor.
type benchPinned struct {
	Pinned bool `help:"All processes, this one included, on one processor (Linux)."`
}

type benchLoad struct {
	Pairs    int           `default:"1" help:"Pairs of users (default: ${default})." placeholder:"N"`
	Size     int           `default:"64" help:"Bytes of a message (default: ${default})." placeholder:"N"`
	Duration time.Duration `default:"5s" help:"How long to measure (default: ${default})." placeholder:"TIME"`
	Warmup   time.Duration `default:"1s" help:"How long to run before that (default: ${default})." placeholder:"TIME"`
	SameNode bool          `help:"Both users of a pair on one node."`
}

func (l *benchLoad) load(pinned bool) bench.Load {
	return bench.Load{Pairs: l.Pairs, Size: l.Size, Duration: l.Duration, Warmup: l.Warmup, SameNode: l.SameNode, Pinned: pinned}
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
		err = errors.New("--pid tells of running nodes: give their --url too")
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

// report prints and writes what was measured. The files are made before, lest a mistake in their
// names cost a long run.
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
	benchPinned
}

// Run measures the bare relay.
func (c *benchFloor) Run(ctx context.Context, s *streams) error {
	n := benchNodes{benchOutput: c.benchOutput}

	return n.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Floor(ctx, c.load(c.Pinned)) })
}

type benchPingPong struct {
	benchNodes
	benchLoad
	benchPinned
}

// Run measures round trips.
func (c *benchPingPong) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.PingPong(ctx, c.load(c.Pinned)) })
}

type benchRate struct {
	benchNodes
	benchLoad

	Rate float64 `default:"1000" help:"Messages a second, of all pairs together (default: ${default})." placeholder:"N"`
}

// Run measures messages at a rate.
func (c *benchRate) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Rate(ctx, c.load(false), c.Rate) })
}

type benchConnect struct {
	benchNodes
	benchRest

	Users int   `default:"5000" help:"Users, spread evenly over the nodes (default: ${default})." placeholder:"N"`
	Nodes []int `default:"1" help:"Nodes to start, each a process; several numbers are measured in turn (default: ${default})." placeholder:"N,…"`
}

// Run measures logins.
func (c *benchConnect) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) {
		b.IdleTime = c.Rest

		return b.Connect(ctx, c.Users, c.Nodes)
	})
}

type benchIdle struct {
	benchNodes
	benchRest

	Users  int           `default:"10000" help:"Users, spread evenly over the nodes (default: ${default})." placeholder:"N"`
	Nodes  []int         `default:"1" help:"Nodes to start, each a process; several numbers are measured in turn (default: ${default})." placeholder:"N,…"`
	Settle time.Duration `default:"10s" help:"How long memory may take to settle (default: ${default})." placeholder:"TIME"`
	Rounds int           `default:"1" help:"How often each is measured, in turn; medians count (default: ${default})." placeholder:"N"`
}

// Run measures what idle users cost.
func (c *benchIdle) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) {
		b.IdleTime = c.Rest

		return b.Idle(ctx, bench.IdleOptions{Users: c.Users, Nodes: c.Nodes, Settle: c.Settle, Rounds: c.Rounds})
	})
}

type benchFirst struct {
	benchNodes
	benchRest

	Nodes   []int `default:"1,2,4,8,16,32" help:"Numbers of nodes, each a process (default: ${default})." placeholder:"N,…"`
	Samples int   `default:"300" help:"First messages for each number (default: ${default})." placeholder:"N"`
}

// Run measures first messages.
func (c *benchFirst) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) {
		b.IdleTime = c.Rest

		return b.FirstMessages(ctx, c.Nodes, c.Samples)
	})
}

type benchNotice struct {
	benchNodes

	Nodes    int           `default:"4" help:"Nodes of the cluster, each a process; one of them is killed (default: ${default})." placeholder:"N"`
	Clients  []int         `default:"100,8000" help:"Clients on that node, each with a peer on another one (default: ${default})." placeholder:"N,…"`
	Rounds   int           `default:"3" help:"How often each is measured, in turn, with a fresh cluster each (default: ${default})." placeholder:"N"`
	Patience time.Duration `default:"30s" help:"How long notices may take (default: ${default})." placeholder:"TIME"`
}

// Run measures the notice of a node's death.
func (c *benchNotice) Run(ctx context.Context, s *streams) error {
	k := bench.NoticeOptions{Nodes: c.Nodes, Clients: c.Clients, Rounds: c.Rounds, Patience: c.Patience}

	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Notice(ctx, k) })
}

type benchCompare struct {
	benchNodes
	benchRest

	Rounds   int           `default:"5" help:"How often each is measured, in turn (default: ${default})." placeholder:"N"`
	Pairs    int           `default:"500" help:"Pairs of users under load (default: ${default})." placeholder:"N"`
	Size     int           `default:"64" help:"Bytes of a message (default: ${default})." placeholder:"N"`
	Duration time.Duration `default:"3s" help:"How long each measurement takes (default: ${default})." placeholder:"TIME"`
	Warmup   time.Duration `default:"500ms" help:"How long to run before each (default: ${default})." placeholder:"TIME"`
	NATS     bool          `name:"nats" default:"true" negatable:"" help:"Plain NATS takes part."`
	Peer     []string      `name:"peer" help:"Other servers that run already take part, all nodes of one kind: centrifugo=ws://…, mqtt=host:port,…, xmpp=[domain@]host:port,…" placeholder:"KIND=ADDRESS,…" sep:"none"`
	PeerPID  []string      `name:"peer-pid" help:"With --peer: its processes, to measure them too." placeholder:"KIND=PID,…" sep:"none"`
	Pinned   bool          `default:"true" negatable:"" help:"One pair is measured with all processes on one processor, too."`
	Users    int           `default:"8000" help:"Idle users to measure memory and logins with; 0: neither is measured (default: ${default})." placeholder:"N"`
	Settle   time.Duration `default:"10s" help:"How long memory may take to settle (default: ${default})." placeholder:"TIME"`
	Spread   []int         `default:"2,8" help:"Numbers of nodes to spread the idle users over (default: ${default})." placeholder:"N,…"`
	Nodes    []int         `default:"2,32" help:"Numbers of nodes to measure first messages with (default: ${default})." placeholder:"N,…"`
	Samples  int           `default:"300" help:"First messages for each number; 0: they are not measured (default: ${default})." placeholder:"N"`
	Notice   []int         `default:"100,8000" help:"Numbers of clients on a node that is killed; 0: none is (default: ${default})." placeholder:"N,…"`
	Cluster  int           `default:"4" help:"Nodes of the cluster of which one is killed (default: ${default})." placeholder:"N"`

	ClusterRounds int `default:"2" help:"How often what depends on the number of nodes is measured, in turn (default: ${default})." placeholder:"N"`
}

// Run measures all, and compares.
func (c *benchCompare) Run(ctx context.Context, s *streams) error {
	peers, err := bench.ParseCompetitors(c.Peer, c.PeerPID)
	if err != nil {
		return err
	}
	m := bench.CompareOptions{
		Rounds: c.Rounds, Pairs: c.Pairs, Size: c.Size, Duration: c.Duration, Warmup: c.Warmup, NATS: c.NATS, Competitors: peers,
		Pinned: c.Pinned, Users: c.Users, Settle: c.Settle, IdleNodes: c.Spread, FirstMessageNodes: c.Nodes, Samples: c.Samples,
		NoticeClients: c.Notice, NoticeNodes: c.Cluster, ClusterRounds: c.ClusterRounds,
	}
	if slices.Equal(m.NoticeClients, []int{0}) {
		m.NoticeClients = nil
	}

	return c.run(s, func(b *bench.Setup) (*bench.Report, error) {
		b.IdleTime = c.Rest

		return b.Compare(ctx, m)
	})
}

// benchRelay is one of the two relays of the floor, in a process of its own.
type benchRelay struct {
	Join string
}

// Run relays until it is told to stop.
func (c *benchRelay) Run(ctx context.Context, s *streams) error {
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

// announce says in a line what a name stands for.
func (s *streams) announce(name, value string) { fmt.Fprintf(s.out, "%-9s%s\n", name, value) }

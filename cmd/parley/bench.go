package main

import (
	"context"
	"time"

	"github.com/parley-dm/parley/internal/bench"
)

type benchCommand struct {
	Floor    benchFloor    `cmd:"" help:"Round trips through two bare relays, as one thread with epoll (the machine's floor) and as goroutines (the Go floor)."`
	Pingpong benchPingPong `cmd:"" help:"Round trips between pairs of users, and server CPU time per message."`
	Rate     benchRate     `cmd:"" help:"Messages at a stated rate, corrected for coordinated omission."`
	Connect  benchConnect  `cmd:"" help:"Logins per second, and CPU time per login over all nodes."`
	Idle     benchIdle     `cmd:"" help:"Memory, login CPU and idle CPU of idle users, over all nodes."`
	First    benchFirst    `cmd:"" help:"Latency of a first message to another node, and of 'user not found', by number of nodes."`
	Notice   benchNotice   `cmd:"" help:"Time from kill -9 of a node to the disconnect notice at its clients' peers."`
	Abuse    benchAbuse    `cmd:"" help:"What attacking clients do to honest ones: quiet, control, attack, for each of many attacks."`
	Compare  benchCompare  `cmd:"" help:"Floors, Parley, plain NATS and running competitors in one table, with ratios and budgets."`

	Attack     benchAttack `cmd:"" hidden:""`
	Crowd      benchCrowd  `cmd:"" hidden:""`
	Relay      benchRelay  `cmd:"" hidden:""`
	NATSServer benchNATS   `cmd:"" hidden:"" name:"nats-server"`
}

type benchFloor struct {
	benchOutput
	benchLoad
	benchPinned
	benchCounts
}

// Run measures the bare relays.
func (c *benchFloor) Run(ctx context.Context, s *streams) error {
	n := benchNodes{benchOutput: c.benchOutput}
	load := c.load(c.Pinned)
	load.Counts = c.Counts

	return n.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Floor(ctx, load) })
}

type benchPingPong struct {
	benchNodes
	benchLoad
	benchPinned
	benchCounts

	Floors bool `default:"true" negatable:"" help:"Measure the floors first (not with --url)."`
}

// Run measures round trips.
func (c *benchPingPong) Run(ctx context.Context, s *streams) error {
	load := c.load(c.Pinned)
	load.NoFloors, load.Counts = !c.Floors, c.Counts

	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.PingPong(ctx, load) })
}

type benchRate struct {
	benchNodes
	benchLoad

	Rate      float64 `default:"1000" help:"Messages a second, of all pairs together (default: ${default})." placeholder:"N"`
	OfHighest float64 `help:"In place of --rate: this part of the rate that Parley reaches with these pairs in a closed loop, such as 0.5." placeholder:"PART"`
	Rounds    int     `default:"1" help:"Rounds with fresh servers; medians count (default: ${default})." placeholder:"N"`
	Floors    bool    `default:"true" negatable:"" help:"Measure the floors at the same rate (not with --url)."`
}

// Run measures messages at a rate.
func (c *benchRate) Run(ctx context.Context, s *streams) error {
	load := c.load(false)
	load.NoFloors = !c.Floors
	o := bench.RateOptions{Rate: c.Rate, OfHighest: c.OfHighest, Rounds: c.Rounds}

	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Rate(ctx, load, o) })
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
	Rounds int           `default:"1" help:"Rounds; the median counts (default: ${default})." placeholder:"N"`

	Generators int `default:"1" help:"Processes that hold the users, each with a limit of open files of its own (default: ${default})." placeholder:"N"`
}

// Run measures what idle users cost.
func (c *benchIdle) Run(ctx context.Context, s *streams) error {
	return c.run(s, func(b *bench.Setup) (*bench.Report, error) {
		b.IdleTime, b.Generators = c.Rest, c.Generators

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
	Clients  []int         `default:"100,8000" help:"Clients on the killed node, each with a peer on another node (default: ${default})." placeholder:"N,…"`
	Rounds   int           `default:"3" help:"Rounds, with a fresh cluster each (default: ${default})." placeholder:"N"`
	Patience time.Duration `default:"30s" help:"Time limit of the notices (default: ${default})." placeholder:"TIME"`
}

// Run measures the notice of a node's death.
func (c *benchNotice) Run(ctx context.Context, s *streams) error {
	k := bench.NoticeOptions{Nodes: c.Nodes, Clients: c.Clients, Rounds: c.Rounds, Patience: c.Patience}

	return c.run(s, func(b *bench.Setup) (*bench.Report, error) { return b.Notice(ctx, k) })
}

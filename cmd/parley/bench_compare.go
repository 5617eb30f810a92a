package main

import (
	"context"
	"slices"
	"time"

	"github.com/parley-dm/parley/internal/bench"
)

type benchCompare struct {
	benchNodes
	benchRest

	Rounds        int           `default:"5" help:"Rounds (default: ${default})." placeholder:"N"`
	Pairs         int           `default:"500" help:"Pairs of users under load (default: ${default})." placeholder:"N"`
	Size          int           `default:"64" help:"Bytes of a message (default: ${default})." placeholder:"N"`
	Duration      time.Duration `default:"3s" help:"How long each measurement takes (default: ${default})." placeholder:"TIME"`
	Warmup        time.Duration `default:"500ms" help:"How long to run before each (default: ${default})." placeholder:"TIME"`
	NATS          bool          `name:"nats" default:"true" negatable:"" help:"Include plain NATS servers."`
	Competitor    []string      `name:"competitor" aliases:"peer" help:"Include running servers of another kind: centrifugo=ws://…, mqtt=host:port,…, xmpp=[domain@]host:port,…" placeholder:"KIND=ADDRESS,…" sep:"none"`
	CompetitorPID []string      `name:"competitor-pid" aliases:"peer-pid" help:"With --competitor: process IDs of its servers on this machine, for CPU time and memory." placeholder:"KIND=PID,…" sep:"none"`
	Pinned        bool          `default:"true" negatable:"" help:"Also measure one pair with all processes on one processor."`
	Users         int           `default:"8000" help:"Idle users, for memory and logins; 0: skip both (default: ${default})." placeholder:"N"`
	Settle        time.Duration `default:"10s" help:"How long memory may take to settle (default: ${default})." placeholder:"TIME"`
	Spread        []int         `default:"2,8" help:"Numbers of nodes to spread the idle users over (default: ${default})." placeholder:"N,…"`
	Nodes         []int         `default:"2,32" help:"Numbers of nodes to measure first messages with (default: ${default})." placeholder:"N,…"`
	Samples       int           `default:"300" help:"First messages for each number of nodes; 0: skip them (default: ${default})." placeholder:"N"`
	Notice        []int         `default:"100,8000" help:"Numbers of clients on the killed node; 0: skip the kill (default: ${default})." placeholder:"N,…"`
	Cluster       int           `default:"4" help:"Nodes of the cluster of which one is killed (default: ${default})." placeholder:"N"`

	ClusterRounds int `default:"2" help:"Rounds of the measurements that depend on the number of nodes (default: ${default})." placeholder:"N"`
}

// Run measures all, and compares.
func (c *benchCompare) Run(ctx context.Context, s *streams) error {
	peers, err := bench.ParseCompetitors(c.Competitor, c.CompetitorPID)
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

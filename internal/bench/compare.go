package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Match says what Compare does.
type Match struct {
	Rounds   int
	Pairs    int // under load
	Size     int
	Duration time.Duration // of each measurement
	Warmup   time.Duration // before each
	NATS     bool          // plain NATS takes part
	Peers    []Peer        // so do they

	Pinned bool // one pair is measured with all processes on one processor, too

	Users   int // idle, to measure memory; 0: memory is not measured
	Settle  time.Duration
	Spread  []int // numbers of nodes that they are spread over, too
	Nodes   []int // first messages
	Samples int   // of them; 0: they are not measured
	Notice  []int // clients on a node that is killed; none: that is not measured
	Cluster int   // nodes of the cluster of which one is killed
	// ClusterRounds is how often Spread, Nodes and Notice are measured; 0: once.
	ClusterRounds int
}

// Contender is what Compare has found of one kind of server: medians of all rounds.
type Contender struct {
	Name  string `json:"name"`
	Nodes int    `json:"nodes"`
	// One pair, in microseconds.
	P50  float64 `json:"p50_us"`
	P99  float64 `json:"p99_us"`
	P999 float64 `json:"p99_9_us"`
	// The same, pinned; 0: not measured.
	PinnedP50 float64 `json:"pinned_p50_us"`
	PinnedP99 float64 `json:"pinned_p99_us"`
	// Many pairs.
	PerSecond float64 `json:"messages_per_second"`
	LoadP50   float64 `json:"load_p50_us"`
	LoadP99   float64 `json:"load_p99_us"`
	ServerCPU float64 `json:"server_cpu_us"` // a message; 0: not known
	// Idle, bytes a user; 0: not measured.
	Memory   float64 `json:"bytes_per_idle_user"`
	MemoryWS float64 `json:"bytes_per_idle_websocket_user"`
	// Medians of what each round's ratio to its own floor was; 0: not known.
	P50Ratio float64 `json:"p50_ratio"`
	CPURatio float64 `json:"cpu_ratio"`

	PinnedP50Ratio float64 `json:"pinned_p50_ratio"`

	one, many, pinned []Trips // by round
	sys               *system
	start             starter // of fresh servers; nil: they are the reader's
	nodes             *Setup  // of nodes of Parley; nil: it is something else
	pinnedStart       starter // of servers to be pinned; nil: as above
}

// starter starts so many servers of a kind.
type starter func(ctx context.Context, servers int) (*system, error)

// Comparison is what Compare has found.
type Comparison struct {
	Rounds     int         `json:"rounds"`
	Contenders []Contender `json:"contenders"` // the floor first, then Parley
	Spread     []Memory    `json:"spread"`
	First      []Finding   `json:"first"`
	Notice     []Notice    `json:"notice"`
}

func (m Match) load(pairs int) (Load, error) {
	return Load{Pairs: pairs, Size: m.Size, Duration: m.Duration, Warmup: m.Warmup}.check()
}

// Compare measures floor, Parley on two nodes, plain NATS and peers in turn, several rounds.
func (s *Setup) Compare(ctx context.Context, m Match) (*Report, error) {
	c, err := s.Match(ctx, m)
	if err != nil {
		return nil, err
	}

	return c.report(s, m), nil
}

// check returns the two loads, of one pair and of many.
func (m Match) check() (one, many Load, err error) {
	if m.Rounds < 1 {
		return one, many, fmt.Errorf("--rounds %d: at least 1", m.Rounds)
	}
	if one, err = m.load(1); err == nil {
		many, err = m.load(m.Pairs)
	}
	if err == nil && m.Users != 0 {
		err = checkUsers(m.Users)
	}
	if err == nil && m.Users != 0 && len(m.Spread) > 0 {
		err = m.spread().check()
	}
	if err == nil && len(m.Notice) > 0 {
		err = m.killing().check()
	}
	if err == nil && m.Samples != 0 {
		err = checkFinds(m.Nodes, m.Samples)
	}

	return one, many, err
}

func (m Match) spread() Spread {
	return Spread{Users: m.Users, Nodes: m.Spread, Settle: m.Settle, Rounds: m.ClusterRounds}
}

func (m Match) killing() Killing {
	return Killing{Nodes: m.Cluster, Clients: m.Notice, Rounds: m.ClusterRounds}
}

// Match is Compare without its report.
func (s *Setup) Match(ctx context.Context, m Match) (*Comparison, error) {
	one, many, err := m.check()
	if err != nil {
		return nil, err
	}
	all, err := s.contenders(ctx, m)
	defer func() {
		for _, c := range all {
			c.sys.stop()
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := s.peerMemories(ctx, all, m); err != nil {
		return nil, err
	}
	if err := s.rounds(ctx, all, m, []Load{one, many}); err != nil {
		return nil, err
	}
	result := &Comparison{Rounds: m.Rounds}
	for i, c := range all {
		c.settle(all[0])
		c.sys.stop()
		part := .1 / float64(len(all))
		if err := s.part(loads+part*float64(i), loads+part*float64(i+1), c.Name).memories(ctx, c, m); err != nil {
			return nil, fmt.Errorf("%s, idle users: %w", c.Name, err)
		}
		result.Contenders = append(result.Contenders, *c)
	}

	return result, s.clusters(ctx, result, m)
}

// clusters measures what depends on the number of nodes. All nodes are started: what the URLs name
// is one cluster only.
func (s *Setup) clusters(ctx context.Context, c *Comparison, m Match) (err error) {
	plain := *s
	plain.URLs = nil
	if m.Users > 0 && len(m.Spread) > 0 && canMeasure {
		for i, ws := range []bool{false, true} {
			sub := plain.part(.6+.1*float64(i), .7+.1*float64(i), "cluster")
			sub.WebSocket = ws
			all, err := sub.spread(ctx, m.spread())
			if err != nil {
				return err
			}
			c.Spread = append(c.Spread, all...)
		}
	}
	if m.Samples > 0 {
		if c.First, err = plain.part(.8, .9, "first messages").finds(ctx, m.Nodes, m.Samples, max(m.ClusterRounds, 1)); err != nil {
			return err
		}
	}
	if len(m.Notice) > 0 {
		c.Notice, err = plain.part(.9, 1, "kill").notices(ctx, m.killing())
	}

	return err
}

// loads is the share of the progress that is spent with loads.
const loads = .5

// rounds runs both loads with all contenders, again and again.
func (s *Setup) rounds(ctx context.Context, all []*Contender, m Match, both []Load) error {
	steps, step := float64(2*len(all)*m.Rounds), 0.0
	for round := range m.Rounds {
		for i := range all {
			c := all[(i+round)%len(all)] // none is always first
			for under, l := range both {
				c.sys.rest(ctx)
				sub := s.part(loads*step/steps, loads*(step+1)/steps, fmt.Sprintf("round %d, %s, %d pairs", round+1, c.Name, l.Pairs))
				t, err := sub.pingpong(ctx, c.sys, l)
				if err != nil {
					return fmt.Errorf("%s, %d pairs: %w", c.Name, l.Pairs, err)
				}
				t.hist = nil // 250 KB
				if under == 0 {
					c.one = append(c.one, t)
				} else {
					c.many = append(c.many, t)
				}
				step++
			}
			if m.Pinned && canPin && c.pinnedStart != nil {
				t, err := s.part(loads*step/steps, loads*step/steps, c.Name+", pinned").pinned(ctx, c.pinnedStart, both[0])
				if err != nil {
					return fmt.Errorf("%s, 1 pair, pinned: %w", c.Name, err)
				}
				t.hist = nil
				c.pinned = append(c.pinned, t)
			}
		}
	}

	return nil
}

// contenders starts what is compared; what has been started is returned with an error too. Peers
// run already: whether they can be measured shows before anything is started.
func (s *Setup) contenders(ctx context.Context, m Match) (all []*Contender, err error) {
	var peers []*Contender
	for _, p := range m.Peers {
		sys := p.system()
		if err := sys.meet(ctx, defaultPatience); err != nil {
			return nil, err
		}
		peers = append(peers, &Contender{Name: sys.name, Nodes: len(sys.addrs), sys: sys})
	}
	type kind struct {
		start, fresh, pinned starter
		nodes                *Setup
	}
	kinds := []kind{{s.relays, s.relays, s.relays, nil}}
	for _, binary := range s.each() {
		own := *binary
		own.URLs = nil
		plain := own
		plain.WebSocket = false
		kinds = append(kinds, kind{binary.parley, plain.parley, own.parley, &plain})
	}
	if m.NATS {
		kinds = append(kinds, kind{s.nats, s.nats, s.nats, nil})
	}
	for _, k := range kinds {
		sys, err := k.start(ctx, 2)
		if err != nil {
			return all, err
		}
		all = append(all, &Contender{Name: sys.name, Nodes: len(sys.addrs), sys: sys, start: k.fresh, pinnedStart: k.pinned, nodes: k.nodes})
	}

	return append(all, peers...), nil
}

// settle makes medians of the rounds.
func (c *Contender) settle(floor *Contender) {
	of := func(all []Trips, f func(Trips) float64) float64 {
		var values []float64
		for _, t := range all {
			values = append(values, f(t))
		}

		return median(values)
	}
	p50 := func(t Trips) float64 { return t.RoundTrip.P50 }
	cpu := func(t Trips) float64 { return t.ServerCPU }
	p99 := func(t Trips) float64 { return t.RoundTrip.P99 }
	c.P50, c.P99, c.P999 = of(c.one, p50), of(c.one, p99), of(c.one, func(t Trips) float64 { return t.RoundTrip.P999 })
	c.LoadP50, c.LoadP99, c.ServerCPU = of(c.many, p50), of(c.many, p99), of(c.many, cpu)
	c.PerSecond = of(c.many, func(t Trips) float64 { return t.PerSecond })
	c.PinnedP50, c.PinnedP99 = of(c.pinned, p50), of(c.pinned, p99)
	c.P50Ratio, c.CPURatio = ratios(c.one, floor.one, p50), ratios(c.many, floor.many, cpu)
	c.PinnedP50Ratio = ratios(c.pinned, floor.pinned, p50)
}

// ratios is the median of the rounds' own ratios: what slows the machine down for a while slows
// both.
func ratios(mine, floor []Trips, f func(Trips) float64) float64 {
	var values []float64
	for i := range mine {
		if f(floor[i]) > 0 {
			values = append(values, f(mine[i])/f(floor[i]))
		}
	}

	return median(values)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}

	return values[middle]
}

// memories measures idle users, on fresh servers.
func (s *Setup) memories(ctx context.Context, c *Contender, m Match) error {
	if m.Users == 0 || !canMeasure || c.start == nil {
		return nil
	}
	measure := func(start starter) (float64, error) {
		sys, err := start(ctx, 1)
		if err != nil {
			return 0, err
		}
		defer sys.stop()
		memory, err := s.idle(ctx, sys, m.Users, m.Settle)

		return memory.PerUser, err
	}
	var err error
	if c.Memory, err = measure(c.start); err == nil && c.nodes != nil {
		ws := *c.nodes
		ws.WebSocket = true
		c.MemoryWS, err = measure(ws.parley)
	}

	return err
}

// peerMemories measures idle users of the peers whose processes are known. That comes before the
// rounds, while the servers hold nothing of what was under way in them.
func (s *Setup) peerMemories(ctx context.Context, all []*Contender, m Match) error {
	for _, c := range all {
		if c.start != nil || len(c.sys.pids) == 0 || m.Users == 0 || !canMeasure {
			continue
		}
		memory, err := s.part(0, 0, c.Name).idle(ctx, c.sys, m.Users, m.Settle)
		if err != nil {
			return fmt.Errorf("%s, idle users: %w", c.Name, err)
		}
		if _, ws := c.sys.proto.(centrifugoProtocol); ws {
			c.MemoryWS = memory.PerUser
		} else {
			c.Memory = memory.PerUser
		}
	}

	return nil
}

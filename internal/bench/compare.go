package bench

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Match says what Compare does.
type CompareOptions struct {
	Rounds   int
	Pairs    int // under load
	Size     int
	Duration time.Duration // of each measurement
	Warmup   time.Duration // before each
	NATS     bool          // plain NATS takes part
	Competitors    []Competitor        // so do they

	Pinned bool // one pair is measured with all processes on one processor, too

	Users   int // idle, to measure memory; 0: memory is not measured
	Settle  time.Duration
	IdleNodes  []int // numbers of nodes that they are spread over, too
	FirstMessageNodes   []int // first messages
	Samples int   // of them; 0: they are not measured
	NoticeClients  []int // clients on a node that is killed; none: that is not measured
	NoticeNodes int   // nodes of the cluster of which one is killed
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

	onePair, manyPairs, pinned []RoundTrips // by round
	system               *system
	startFresh             starter // of fresh servers; nil: they are the reader's
	parleySetup             *Setup  // of nodes of Parley; nil: it is something else
	startPinned       starter // of servers to be pinned; nil: as above
}

// starter starts so many servers of a kind.
type starter func(ctx context.Context, servers int) (*system, error)

// Comparison is what Compare has found.
type Comparison struct {
	Rounds     int         `json:"rounds"`
	Contenders []Contender `json:"contenders"` // the floor first, then Parley
	Idle     []Memory    `json:"spread"`
	First      []FirstMessage   `json:"first"`
	Notice     []NoticeResult    `json:"notice"`
}

func (m CompareOptions) load(pairs int) (Load, error) {
	return Load{Pairs: pairs, Size: m.Size, Duration: m.Duration, Warmup: m.Warmup}.check()
}

// Compare measures floor, Parley on two nodes, plain NATS and peers in turn, several rounds.
func (s *Setup) Compare(ctx context.Context, m CompareOptions) (*Report, error) {
	c, err := s.Measure(ctx, m)
	if err != nil {
		return nil, err
	}

	return c.report(s, m), nil
}

// check returns the two loads, of one pair and of many.
func (m CompareOptions) check() (one, many Load, err error) {
	if m.Rounds < 1 {
		return one, many, fmt.Errorf("--rounds %d: at least 1", m.Rounds)
	}
	if one, err = m.load(1); err == nil {
		many, err = m.load(m.Pairs)
	}
	if err == nil && m.Users != 0 {
		err = checkUsers(m.Users)
	}
	if err == nil && m.Users != 0 && len(m.IdleNodes) > 0 {
		err = m.idleOptions().check()
	}
	if err == nil && len(m.NoticeClients) > 0 {
		err = m.noticeOptions().check()
	}
	if err == nil && m.Samples != 0 {
		err = checkFirstMessages(m.FirstMessageNodes, m.Samples)
	}

	return one, many, err
}

func (m CompareOptions) idleOptions() IdleOptions {
	return IdleOptions{Users: m.Users, Nodes: m.IdleNodes, Settle: m.Settle, Rounds: m.ClusterRounds}
}

func (m CompareOptions) noticeOptions() NoticeOptions {
	return NoticeOptions{Nodes: m.NoticeNodes, Clients: m.NoticeClients, Rounds: m.ClusterRounds}
}

// Match is Compare without its report.
func (s *Setup) Measure(ctx context.Context, m CompareOptions) (*Comparison, error) {
	one, many, err := m.check()
	if err != nil {
		return nil, err
	}
	all, err := s.startContenders(ctx, m)
	defer func() {
		for _, c := range all {
			c.system.stop()
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := s.measureIdleCompetitors(ctx, all, m); err != nil {
		return nil, err
	}
	if err := s.runRounds(ctx, all, m, []Load{one, many}); err != nil {
		return nil, err
	}
	result := &Comparison{Rounds: m.Rounds}
	for i, c := range all {
		c.aggregate(all[0])
		c.system.stop()
		part := .1 / float64(len(all))
		if err := s.progressPart(loadShare+part*float64(i), loadShare+part*float64(i+1), c.Name).measureIdle(ctx, c, m); err != nil {
			return nil, fmt.Errorf("%s, idle users: %w", c.Name, err)
		}
		result.Contenders = append(result.Contenders, *c)
	}

	return result, s.measureClusters(ctx, result, m)
}

// clusters measures what depends on the number of nodes. All nodes are started: what the URLs name
// is one cluster only.
func (s *Setup) measureClusters(ctx context.Context, c *Comparison, m CompareOptions) (err error) {
	plain := *s
	plain.URLs = nil
	if m.Users > 0 && len(m.IdleNodes) > 0 && canMeasure {
		for i, ws := range []bool{false, true} {
			sub := plain.progressPart(.6+.1*float64(i), .7+.1*float64(i), "cluster")
			sub.WebSocket = ws
			all, err := sub.idleRuns(ctx, m.idleOptions())
			if err != nil {
				return err
			}
			c.Idle = append(c.Idle, all...)
		}
	}
	if m.Samples > 0 {
		if c.First, err = plain.progressPart(.8, .9, "first messages").firstMessageRuns(ctx, m.FirstMessageNodes, m.Samples, max(m.ClusterRounds, 1)); err != nil {
			return err
		}
	}
	if len(m.NoticeClients) > 0 {
		c.Notice, err = plain.progressPart(.9, 1, "kill").noticeRuns(ctx, m.noticeOptions())
	}

	return err
}

// loads is the share of the progress that is spent with loads.
const loadShare = .5

// rounds runs both loads with all contenders, again and again.
func (s *Setup) runRounds(ctx context.Context, all []*Contender, m CompareOptions, both []Load) error {
	steps, step := float64(2*len(all)*m.Rounds), 0.0
	for round := range m.Rounds {
		for i := range all {
			c := all[(i+round)%len(all)] // none is always first
			for under, l := range both {
				c.system.awaitIdle(ctx)
				sub := s.progressPart(loadShare*step/steps, loadShare*(step+1)/steps, fmt.Sprintf("round %d, %s, %d pairs", round+1, c.Name, l.Pairs))
				t, err := sub.pingpong(ctx, c.system, l)
				if err != nil {
					return fmt.Errorf("%s, %d pairs: %w", c.Name, l.Pairs, err)
				}
				t.hist = nil // 250 KB
				if under == 0 {
					c.onePair = append(c.onePair, t)
				} else {
					c.manyPairs = append(c.manyPairs, t)
				}
				step++
			}
			if m.Pinned && canPin && c.startPinned != nil {
				t, err := s.progressPart(loadShare*step/steps, loadShare*step/steps, c.Name+", pinned").pinned(ctx, c.startPinned, both[0])
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
func (s *Setup) startContenders(ctx context.Context, m CompareOptions) (all []*Contender, err error) {
	var peers []*Contender
	for _, p := range m.Competitors {
		sys := p.system()
		if err := sys.checkRoutes(ctx, defaultPatience); err != nil {
			return nil, err
		}
		peers = append(peers, &Contender{Name: sys.name, Nodes: len(sys.addrs), system: sys})
	}
	type kind struct {
		start, fresh, pinned starter
		nodes                *Setup
	}
	kinds := []kind{{s.startRelays, s.startRelays, s.startRelays, nil}}
	for _, binary := range s.perBinary() {
		own := *binary
		own.URLs = nil
		plain := own
		plain.WebSocket = false
		kinds = append(kinds, kind{binary.parleyNodes, plain.parleyNodes, own.parleyNodes, &plain})
	}
	if m.NATS {
		kinds = append(kinds, kind{s.startNATS, s.startNATS, s.startNATS, nil})
	}
	for _, k := range kinds {
		sys, err := k.start(ctx, 2)
		if err != nil {
			return all, err
		}
		all = append(all, &Contender{Name: sys.name, Nodes: len(sys.addrs), system: sys, startFresh: k.fresh, startPinned: k.pinned, parleySetup: k.nodes})
	}

	return append(all, peers...), nil
}

// settle makes medians of the rounds.
func (c *Contender) aggregate(floor *Contender) {
	of := func(all []RoundTrips, f func(RoundTrips) float64) float64 {
		var values []float64
		for _, t := range all {
			values = append(values, f(t))
		}

		return median(values)
	}
	p50 := func(t RoundTrips) float64 { return t.RoundTrip.P50 }
	cpu := func(t RoundTrips) float64 { return t.ServerCPU }
	p99 := func(t RoundTrips) float64 { return t.RoundTrip.P99 }
	c.P50, c.P99, c.P999 = of(c.onePair, p50), of(c.onePair, p99), of(c.onePair, func(t RoundTrips) float64 { return t.RoundTrip.P999 })
	c.LoadP50, c.LoadP99, c.ServerCPU = of(c.manyPairs, p50), of(c.manyPairs, p99), of(c.manyPairs, cpu)
	c.PerSecond = of(c.manyPairs, func(t RoundTrips) float64 { return t.PerSecond })
	c.PinnedP50, c.PinnedP99 = of(c.pinned, p50), of(c.pinned, p99)
	c.P50Ratio, c.CPURatio = medianRatio(c.onePair, floor.onePair, p50), medianRatio(c.manyPairs, floor.manyPairs, cpu)
	c.PinnedP50Ratio = medianRatio(c.pinned, floor.pinned, p50)
}

// ratios is the median of the rounds' own ratios: what slows the machine down for a while slows
// both.
func medianRatio(mine, floor []RoundTrips, f func(RoundTrips) float64) float64 {
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
func (s *Setup) measureIdle(ctx context.Context, c *Contender, m CompareOptions) error {
	if m.Users == 0 || !canMeasure || c.startFresh == nil {
		return nil
	}
	measure := func(start starter) (float64, error) {
		sys, err := start(ctx, 1)
		if err != nil {
			return 0, err
		}
		defer sys.stop()
		memory, err := s.measureMemory(ctx, sys, m.Users, m.Settle)

		return memory.PerUser, err
	}
	var err error
	if c.Memory, err = measure(c.startFresh); err == nil && c.parleySetup != nil {
		ws := *c.parleySetup
		ws.WebSocket = true
		c.MemoryWS, err = measure(ws.parleyNodes)
	}

	return err
}

// peerMemories measures idle users of the peers whose processes are known. That comes before the
// rounds, while the servers hold nothing of what was under way in them.
func (s *Setup) measureIdleCompetitors(ctx context.Context, all []*Contender, m CompareOptions) error {
	for _, c := range all {
		if c.startFresh != nil || len(c.system.pids) == 0 || m.Users == 0 || !canMeasure {
			continue
		}
		memory, err := s.progressPart(0, 0, c.Name).measureMemory(ctx, c.system, m.Users, m.Settle)
		if err != nil {
			return fmt.Errorf("%s, idle users: %w", c.Name, err)
		}
		if _, ws := c.system.proto.(centrifugoProtocol); ws {
			c.MemoryWS = memory.PerUser
		} else {
			c.Memory = memory.PerUser
		}
	}

	return nil
}

package bench

import "context"

// Contender is the result of Compare for one kind of server: medians of all rounds.
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

	Ratios   Ratios `json:"to_machine_floor"` // all 0 where there is no machine's floor
	GoRatios Ratios `json:"to_go_floor"`
	// Best is the ratio of Parley's best round to the floor's, for each figure: what a busy machine
	// disturbed least.
	Best   Ratios `json:"best_to_machine_floor"`
	GoBest Ratios `json:"best_to_go_floor"`

	onePair, manyPairs, pinned []RoundTrips // by round
	system                     *system
	startFresh                 starter // starts fresh servers; nil: a competitor, which runs already
	parleySetup                *Setup  // starts nodes of Parley; nil: another kind of server
	startPinned                starter // starts pinned servers; nil: a competitor
}

// Ratios are those of a contender to a floor: medians of what each round's own ratio was; 0: not
// known.
type Ratios struct {
	P50       float64 `json:"p50"`        // one pair
	PinnedP50 float64 `json:"pinned_p50"` // one pair, pinned
	CPU       float64 `json:"server_cpu"` // a message, many pairs
	PerSecond float64 `json:"messages_per_second"`
}

// starter starts a number of servers of one kind.
type starter func(ctx context.Context, servers int) (*system, error)

// startContenders starts the servers to compare. With an error it returns those that it has
// started. Competitors run already, and their routes are checked before any server is started.
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
	var kinds []kind
	for _, start := range s.floors() {
		kinds = append(kinds, kind{start, start, start, nil})
	}
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

// floors are the starters of all floors that can be measured here: the machine's floor, if it is
// one of them, and the Go floor.
func (s *Setup) floors() []starter {
	if canLoop {
		return []starter{s.startMachineFloor, s.startGoFloor}
	}

	return []starter{s.startGoFloor}
}

// aggregate computes the medians of the rounds. Without a machine's floor that is nil.
func (c *Contender) aggregate(machineFloor, goFloor *Contender) {
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
	if machineFloor != nil {
		c.Ratios, c.Best = c.ratios(machineFloor)
	}
	c.GoRatios, c.GoBest = c.ratios(goFloor)
}

func (c *Contender) ratios(floor *Contender) (medians, best Ratios) {
	p50 := func(t RoundTrips) float64 { return t.RoundTrip.P50 }
	cpu := func(t RoundTrips) float64 { return t.ServerCPU }
	rate := func(t RoundTrips) float64 { return t.PerSecond }

	return Ratios{
			P50: medianRatio(c.onePair, floor.onePair, p50), PinnedP50: medianRatio(c.pinned, floor.pinned, p50),
			CPU: medianRatio(c.manyPairs, floor.manyPairs, cpu), PerSecond: medianRatio(c.manyPairs, floor.manyPairs, rate),
		}, Ratios{
			P50: bestRatio(c.onePair, floor.onePair, p50, lowest), PinnedP50: bestRatio(c.pinned, floor.pinned, p50, lowest),
			CPU: bestRatio(c.manyPairs, floor.manyPairs, cpu, lowest), PerSecond: bestRatio(c.manyPairs, floor.manyPairs, rate, highest),
		}
}

// medianRatio is the median of the rounds' own ratios: a slow phase of the machine slows both in
// one round.
func medianRatio(mine, floor []RoundTrips, f func(RoundTrips) float64) float64 {
	var ratios []float64
	for i := range mine {
		if f(floor[i]) > 0 {
			ratios = append(ratios, f(mine[i])/f(floor[i]))
		}
	}

	return median(ratios)
}

// bestRatio is the ratio of the best rounds, which may be different ones; 0: not known.
func bestRatio(mine, floor []RoundTrips, f func(RoundTrips) float64, best func([]float64) float64) float64 {
	figures := func(all []RoundTrips) (figures []float64) {
		for _, t := range all {
			figures = append(figures, f(t))
		}

		return figures
	}
	if of := best(figures(floor)); of > 0 {
		return best(figures(mine)) / of
	}

	return 0
}

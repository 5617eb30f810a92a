package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Spread says how the cost of a user in a cluster is measured.
type IdleOptions struct {
	Users  int
	Nodes  []int // numbers of nodes, each a cluster of its own
	Settle time.Duration
	Rounds int // medians of so many; 0: 1
}

func (p IdleOptions) check() error {
	if err := checkUsers(p.Users); err != nil {
		return err
	}
	if p.Settle <= 0 {
		return fmt.Errorf("--settle %s: how long memory may take to settle, such as 10s", p.Settle)
	}

	return checkNodes(p.Nodes)
}

// run is one measurement of several: a binary and a number of nodes.
type clusterRun struct {
	setup *Setup
	nodes int
}

// runs are all binaries, with each number of nodes in turn.
func (s *Setup) clusterRuns(nodes []int) []clusterRun {
	if len(s.URLs) > 0 {
		nodes = []int{len(s.URLs)}
	}
	var all []clusterRun
	for _, n := range nodes {
		for _, sub := range s.perBinary() {
			all = append(all, clusterRun{sub, n})
		}
	}

	return all
}

func (r clusterRun) title() string { return fmt.Sprintf("%s, %s", r.setup.binaryName(), nodeCount(r.nodes)) }

// step is a Setup whose progress is the i-th of n equal parts.
func (s *Setup) progressStep(i, n int, name string) *Setup {
	return s.progressPart(float64(i)/float64(n), float64(i+1)/float64(n), name)
}

func (s *Setup) transport() string {
	if s.WebSocket {
		return "WebSocket"
	}

	return "TCP"
}

// nodesOf writes a number of nodes.
func nodeCount(n int) string {
	if n == 1 {
		return "1 node"
	}

	return strconv.Itoa(n) + " nodes"
}

// spread measures what a user costs the whole cluster, with each binary and each number of nodes in
// turn, several rounds. The result has one entry for each, in that order.
func (s *Setup) idleRuns(ctx context.Context, p IdleOptions) ([]Memory, error) {
	runs := s.clusterRuns(p.Nodes)
	rounds := max(p.Rounds, 1)
	all := make([][]Memory, len(runs))
	for round := range rounds {
		for i, r := range runs {
			sub := *r.setup
			sub.Progress = s.progressStep(round*len(runs)+i, rounds*len(runs), r.title()).Progress
			m, err := sub.idleRun(ctx, r.nodes, p)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.title(), err)
			}
			all[i] = append(all[i], m)
		}
	}
	var result []Memory
	for _, of := range all {
		result = append(result, medianMemory(of))
	}

	return result, nil
}

// fresh measures a cluster that it starts.
func (s *Setup) idleRun(ctx context.Context, nodes int, p IdleOptions) (Memory, error) {
	sys, err := s.parleyNodes(ctx, nodes)
	if err != nil {
		return Memory{}, err
	}
	defer sys.stop()

	return s.measureMemory(ctx, sys, p.Users, p.Settle)
}

// medianMemory is the median of each figure.
func medianMemory(all []Memory) Memory {
	of := func(f func(Memory) float64) float64 {
		var values []float64
		for _, m := range all {
			values = append(values, f(m))
		}

		return median(values)
	}
	m := all[0]
	m.PerUser = of(func(m Memory) float64 { return m.PerUser })
	m.RestUsers = of(func(m Memory) float64 { return m.RestUsers })
	m.Logins.ServerCPU = of(func(m Memory) float64 { return m.Logins.ServerCPU })
	m.Logins.PerSecond = of(func(m Memory) float64 { return m.Logins.PerSecond })
	m.Logins.Rest = of(func(m Memory) float64 { return m.Logins.Rest })

	return m
}

// spreadRow is one figure of a user's cost.
type idleFigure struct {
	name   string
	value     func(Memory) float64
	format  func(float64) string
	budget string
	limit  float64                 // of each number of nodes; 0: none
	scale  func(nodes int) float64 // of the limit; nil: 1
	growth   float64                 // of the most nodes to the fewest; 0: none
}

var idleFigures = []idleFigure{
	{
		name: "memory a user", value: func(m Memory) float64 { return m.PerUser }, format: formatKB,
		budget: "≤ 2.0 KB, ≤ 1.1 ×", limit: budgetMemory, growth: budgetMemoryGrowth,
	},
	{
		name: "CPU a login", value: func(m Memory) float64 { return m.Logins.ServerCPU }, format: formatMicros,
		budget: "≤ 150 µs, ≤ 1.2 ×", limit: budgetLogin, growth: budgetLoginGrowth,
	},
	{name: "logins/s", value: func(m Memory) float64 { return m.Logins.PerSecond }, format: formatNumber},
	{
		name: "CPU at rest, no users", value: func(m Memory) float64 { return m.Logins.Rest }, format: formatCPURate,
		budget: "≤ 1 % of a core a node", limit: budgetIdleCPU, scale: func(nodes int) float64 { return float64(nodes) },
	},
	{name: "CPU at rest, with users", value: func(m Memory) float64 { return m.RestUsers }, format: formatCPURate},
}

// perSecond writes CPU time a second, in milliseconds.
func formatCPURate(v float64) string { return formatNumber(v) + " ms/s" }

const idleNote = "cluster: users spread evenly over the nodes, each a process; sums over all of them. Memory is resident memory with all users, less " +
	"that with one on each node, divided by the users; a login is connecting, a signed token and the welcome, the CPU time of rest taken off"

// spreadTable shows numbers of nodes side by side, and the ratio of the last to the first.
func (s *Setup) idleTable(all []Memory) Table {
	var counts []int
	for _, m := range all {
		if !slices.Contains(counts, m.Nodes) {
			counts = append(counts, m.Nodes)
		}
	}
	t := Table{Head: []string{"whole cluster"}}
	for _, n := range counts {
		t.Head = append(t.Head, nodeCount(n))
	}
	if len(counts) > 1 {
		t.Head = append(t.Head, fmt.Sprintf("%d to %d", counts[len(counts)-1], counts[0]))
	}
	t.Head = append(t.Head, "budget")
	for _, row := range idleFigures {
		for _, like := range all {
			if like.Nodes == counts[0] { // of a binary and a transport
				t.add(s.idleCells(row, like, all)...)
			}
		}
	}

	return t
}

// spreadCells is one row: a figure of those that are of the same binary and transport.
func (s *Setup) idleCells(row idleFigure, like Memory, all []Memory) []string {
	cells := []string{s.rowName(row.name+", "+like.Transport, like.Binary)}
	var first, last float64
	kept, measured := true, false
	columns := 0
	for _, m := range all {
		if m.Binary != like.Binary || m.Transport != like.Transport {
			continue
		}
		last = row.value(m)
		if columns == 0 {
			first = last
		}
		columns++
		cells = append(cells, orDash(last, row.format))
		limit := row.limit
		if row.scale != nil {
			limit *= row.scale(m.Nodes)
		}
		measured = measured || last > 0
		kept = kept && last <= limit
	}
	if columns > 1 {
		ratio := 0.0
		if first > 0 {
			ratio = last / first
		}
		cells = append(cells, formatRatio(ratio))
		kept = kept && (row.growth == 0 || ratio <= row.growth)
	}

	return append(cells, withMark(row.budget, measured, kept))
}

package bench

import (
	"fmt"
	"slices"
)

// idleFigure is one figure of a user's cost.
type idleFigure struct {
	name   string
	value  func(Memory) float64
	format func(float64) string
	budget string
	limit  float64                 // of each number of nodes; 0: none
	scale  func(nodes int) float64 // of the limit; nil: 1
	growth float64                 // of the most nodes to the fewest; 0: none
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

const idleNote = "cluster: users spread evenly over the nodes, each a process; sums over all of them. Memory is resident memory with all users, less " +
	"that with one on each node, divided by the users; a login is connecting, a signed token and the welcome, the CPU time of rest taken off"

// formatCPURate writes CPU time a second, in milliseconds.
func formatCPURate(v float64) string { return formatNumber(v) + " ms/s" }

// idleTable shows numbers of nodes side by side, and the ratio of the last to the first.
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

// idleCells is one row: a figure of those that are of the same binary and transport.
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

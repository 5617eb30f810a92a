package bench

import (
	"fmt"
	"slices"
	"strconv"
)

// firstMessageTable shows first messages by number of nodes.
func (s *Setup) firstMessageTable(all []FirstMessage) Table {
	t := Table{Head: []string{
		"first message", "count", "first p50", "p90", "p99", "max", "not found p50", "p90", "p99", "max", "CPU at rest", "machine busy",
		"p50 growth", "budget",
	}}
	for _, f := range all {
		a, b := f.Delivered, f.NotFound
		ratio := 0.0
		least := slices.IndexFunc(all, func(o FirstMessage) bool { return o.Binary == f.Binary && o.Nodes > 1 })
		if least >= 0 && f.Nodes > all[least].Nodes && all[least].Delivered.P50 > 0 {
			ratio = a.P50 / all[least].Delivered.P50
		}
		budget := "≤ 1 ms both"
		if ratio > 0 {
			budget += fmt.Sprintf(", ≤ 1.2 × that of %d", all[least].Nodes)
		}
		flat := ratio <= budgetFirstGrowth
		if f.cpuBound() {
			budget, flat = budget+" (bound by CPU)", true
		}
		kept := a.P50 <= budgetFirst && b.P50 <= budgetNotFound && flat
		t.add(s.rowName(nodeCount(f.Nodes), f.Binary), strconv.FormatUint(a.Count, 10),
			formatMicros(a.P50), formatMicros(a.P90), formatMicros(a.P99), formatMicros(a.Max),
			formatMicros(b.P50), formatMicros(b.P90), formatMicros(b.P99), formatMicros(b.Max),
			orDash(f.Rest, formatCPURate), orDash(100*f.Busy, formatPercent), formatRatio(ratio),
			withMark(budget, a.Count > 0, kept))
	}

	return t
}

// firstMessageNotes explain the table, and name the runs that were bound by CPU.
func firstMessageNotes(all []FirstMessage) []string {
	notes := []string{
		"first message: from sending one to a user on another node (with 1 node: the same) until it arrives; not found: until the answer",
		"first messages go one at a time, with nothing else going on; each node is a process",
	}
	for _, f := range all {
		if f.cpuBound() {
			notes = append(notes, fmt.Sprintf("bound by CPU: with %s (%s) %s of the machine's processors were in use, "+
				"%s by nodes and generator, and messages waited for one", nodeCount(f.Nodes), f.Binary,
				formatPercent(100*f.Busy), formatPercent(100*f.OwnBusy)))
		}
	}

	return notes
}

func formatPercent(v float64) string { return formatNumber(v) + " %" }

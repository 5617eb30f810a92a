package bench

import (
	"fmt"
	"strings"
)

// The budgets of the design (section 8), which the table of a comparison shows beside the figures.
const (
	budgetRoundTrip    = 2.0  // × the machine's floor, pinned
	budgetCPU          = 1.6  // × the machine's floor
	budgetRate         = 0.75 // × the machine's floor, at least
	budgetMemory       = 2048 // bytes an idle user, of all nodes together
	budgetMemoryGrowth = 1.1  // most nodes to fewest
	budgetLogin        = 150  // µs of CPU time a login, of all nodes together
	budgetLoginGrowth  = 1.2  // most nodes to fewest
	budgetIdleCPU      = 10   // ms of CPU time a second and node
	budgetFirst        = 1000 // µs
	budgetNotFound     = 1000 // µs
	budgetFirstGrowth  = 1.2  // first message, most nodes to fewest
	budgetNotice       = 50e3 // µs from the kill of a node with few clients, p50
	noticeFewClients   = 100  // clients
	budgetNoticeMax    = 250e3
)

// withVerdict returns the budget's text with a mark that says whether value keeps it.
func withVerdict(value, budget float64, text string) string {
	return withMark(text, value > 0, value <= budget)
}

// withMark returns the budget's text with ✓ or ✗; without a mark if nothing was measured.
func withMark(text string, measured, kept bool) string {
	switch {
	case text == "" || !measured:
		return text
	case kept:
		return text + " ✓"
	}

	return text + " ✗"
}

func formatRatio(v float64) string {
	if v == 0 {
		return "-"
	}

	return formatNumber(v) + " ×"
}

// competitorNotes adds a note for each competitor: its addresses, nodes and ratios.
func (c *Comparison) competitorNotes(r *Report, m CompareOptions) {
	for i, p := range m.Competitors {
		one := c.Contenders[len(c.Contenders)-len(m.Competitors)+i]
		nodes := "one node, which both users of a pair are on"
		if one.Nodes > 1 {
			nodes = fmt.Sprintf("%d nodes, a pair's users on different ones", one.Nodes)
		}
		ratios, floor := c.mainRatios(&one)
		note := fmt.Sprintf("%s: running servers at %s (%s); round trip p50 %s that of the %s",
			p.title, strings.Join(p.addrs, " and "), nodes, formatRatio(ratios.P50), floor)
		if ratios.CPU > 0 {
			note += fmt.Sprintf(", CPU a message %s (PID %s)", formatRatio(ratios.CPU), strings.Trim(fmt.Sprint(p.pids), "[]"))
		}
		if one.Memory+one.MemoryWS > 0 {
			note += "; idle users on all nodes, before the rounds"
		}
		r.Notes = append(r.Notes, note)
	}
}

// mainRatios are the ratios of a contender to the floor that budgets refer to, and the floor's
// name. Without a machine's floor it is the Go floor.
func (c *Comparison) mainRatios(one *Contender) (r Ratios, floor string) {
	if c.Floors < 2 {
		return one.GoRatios, goFloorName
	}

	return one.Ratios, machineFloorName
}

// binaryNotes adds the ratios of all binaries but the first. The first has a column of its own.
func (c *Comparison) binaryNotes(r *Report) {
	for _, one := range c.Contenders[c.Floors+1:] {
		if one.parleySetup == nil {
			continue
		}
		ratios, floor := c.mainRatios(&one)
		note := fmt.Sprintf("%s: round trip p50 of one pair %s that of the %s", one.Name, formatRatio(ratios.P50), floor)
		if ratios.PinnedP50 > 0 {
			note += ", pinned " + formatRatio(ratios.PinnedP50)
		}
		if ratios.CPU > 0 {
			note += ", CPU a message " + formatRatio(ratios.CPU)
		}
		if ratios.PerSecond > 0 {
			note += ", messages/s " + formatRatio(ratios.PerSecond)
		}
		r.Notes = append(r.Notes, note)
	}
}

// clusterTables adds the tables of the measurements that depend on the number of nodes.
func (c *Comparison) clusterTables(r *Report, s *Setup) {
	if len(c.Idle) > 0 {
		r.ExtraTables = append(r.ExtraTables, s.idleTable(c.Idle))
		r.Notes = append(r.Notes, idleNote)
	}
	if len(c.First) > 0 {
		r.ExtraTables = append(r.ExtraTables, s.firstMessageTable(c.First))
		r.Notes = append(r.Notes, firstMessageNotes(c.First)...)
	}
	if len(c.Notice) > 0 {
		r.ExtraTables = append(r.ExtraTables, s.noticeTable(c.Notice))
		r.Notes = append(r.Notes, noticeNote)
	}
}

package bench

import (
	"fmt"
	"strings"
)

// The budgets of the design (section 8), which the table of a comparison shows beside the figures.
const (
	budgetRoundTrip    = 1.3  // × floor, pinned
	budgetCPU          = 1.2  // × floor
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

func (c *Comparison) report(s *Setup, m CompareOptions) *Report {
	r := newReport("compare", c,
		fmt.Sprintf("medians of %d alternating rounds of %s each; a ratio to the floor is the median of the rounds' ratios", m.Rounds, m.Duration),
		s.messageNote(m.Size), cpuNote,
		"messages go from one server to another, unless a column says one node; the floor is two bare relays with one connection between them")
	r.Table.Head = []string{""}
	for _, one := range c.Contenders {
		r.Table.Head = append(r.Table.Head, one.Name)
	}
	parley := c.Contenders[1]
	r.Table.Head = append(r.Table.Head, parley.Name+"/floor", "budget")
	many := fmt.Sprintf(", %d pairs", m.Pairs)
	rateRow := "messages/s" + many
	row := func(name string, of func(Contender) float64, write func(float64) string, ratio float64, budget string) {
		cells := []string{name}
		g := group{name: name}
		for _, one := range c.Contenders {
			v := of(one)
			cells = append(cells, orDash(v, write))
			if v != 0 {
				g.bars = append(g.bars, bar{one.Name, write(v), v})
			}
		}
		r.Table.add(append(cells, formatRatio(ratio), budget)...)
		if len(g.bars) > 0 && (budget != "" || len(m.Competitors) > 0 && name == rateRow) {
			r.Chart.Groups = append(r.Chart.Groups, g)
		}
	}
	over := func(of func(Contender) float64) float64 {
		if floor := of(c.Contenders[0]); floor > 0 {
			return of(parley) / floor
		}

		return 0
	}
	p99 := func(c Contender) float64 { return c.P99 }
	p999 := func(c Contender) float64 { return c.P999 }
	rate := func(c Contender) float64 { return c.PerSecond }
	load50 := func(c Contender) float64 { return c.LoadP50 }
	load99 := func(c Contender) float64 { return c.LoadP99 }
	unpinned := "round trip p50, 1 pair"
	if m.Pinned && canPin {
		pinned99 := func(c Contender) float64 { return c.PinnedP99 }
		row("round trip p50, 1 pair, pinned", func(c Contender) float64 { return c.PinnedP50 }, formatMicros,
			parley.PinnedP50Ratio, withVerdict(parley.PinnedP50Ratio, budgetRoundTrip, "≤ 1.3 × floor"))
		row("round trip p99, 1 pair, pinned", pinned99, formatMicros, over(pinned99), "")
		row(unpinned, func(c Contender) float64 { return c.P50 }, formatMicros, parley.P50Ratio, "")
	} else {
		row(unpinned, func(c Contender) float64 { return c.P50 }, formatMicros, parley.P50Ratio, withVerdict(parley.P50Ratio, budgetRoundTrip, "≤ 1.3 × floor"))
	}
	row("round trip p99, 1 pair", p99, formatMicros, over(p99), "")
	row("round trip p99.9, 1 pair", p999, formatMicros, over(p999), "")
	row("server CPU a message"+many, func(c Contender) float64 { return c.ServerCPU }, formatMicros,
		parley.CPURatio, withVerdict(parley.CPURatio, budgetCPU, "≤ 1.2 × floor"))
	row(rateRow, rate, formatNumber, over(rate), "")
	row("round trip p50"+many, load50, formatMicros, over(load50), "")
	row("round trip p99"+many, load99, formatMicros, over(load99), "")
	if m.Users > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("idle users: %d on one server, resident memory of its process", m.Users))
		memory := func(c Contender) float64 { return c.Memory }
		row("idle user, TCP, one server", memory, formatKB, over(memory), "")
		row("idle user, WebSocket, one server", func(c Contender) float64 { return c.MemoryWS }, formatKB, 0, "")
	}
	if m.Pinned {
		r.Notes = append(r.Notes, pinNote())
	}
	c.binaryNotes(r)
	c.clusterTables(r, s)
	c.competitorNotes(r, m)
	r.Chart.Title, r.Chart.Subtitle = "Parley beside the floor and other servers", strings.Join(r.Notes[:1], "; ")

	return r
}

// competitorNotes adds a note for each competitor: its addresses, nodes and ratios.
func (c *Comparison) competitorNotes(r *Report, m CompareOptions) {
	for i, p := range m.Competitors {
		one := c.Contenders[len(c.Contenders)-len(m.Competitors)+i]
		nodes := "one node, which both users of a pair are on"
		if one.Nodes > 1 {
			nodes = fmt.Sprintf("%d nodes, a pair's users on different ones", one.Nodes)
		}
		note := fmt.Sprintf("%s: running servers at %s (%s); round trip p50 %s that of the floor",
			p.title, strings.Join(p.addrs, " and "), nodes, formatRatio(one.P50Ratio))
		if one.CPURatio > 0 {
			note += fmt.Sprintf(", CPU a message %s (PID %s)", formatRatio(one.CPURatio), strings.Trim(fmt.Sprint(p.pids), "[]"))
		}
		if one.Memory+one.MemoryWS > 0 {
			note += "; idle users on all nodes, before the rounds"
		}
		r.Notes = append(r.Notes, note)
	}
}

// binaryNotes adds the ratios of all binaries but the first. The first has a column of its own.
func (c *Comparison) binaryNotes(r *Report) {
	for _, one := range c.Contenders[2:] {
		if one.parleySetup == nil {
			continue
		}
		note := fmt.Sprintf("%s: round trip p50 of one pair %s that of the floor", one.Name, formatRatio(one.P50Ratio))
		if one.PinnedP50Ratio > 0 {
			note += ", pinned " + formatRatio(one.PinnedP50Ratio)
		}
		if one.CPURatio > 0 {
			note += ", CPU a message " + formatRatio(one.CPURatio)
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

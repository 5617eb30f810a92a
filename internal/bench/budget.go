package bench

import (
	"fmt"
	"strings"
)

// The budgets of the design (section 8), which the table of a comparison shows beside the figures.
const (
	budgetP50      = 1.5  // × floor
	budgetCPU      = 1.3  // × floor
	budgetTCP      = 6144 // bytes an idle user
	budgetWS       = 8192
	budgetFirst    = 1000 // µs
	budgetNotFound = 1000 // µs
	budgetFlat     = 1.2  // first message, most nodes to fewest
)

// verdict is a budget and whether it is kept.
func verdict(value, budget float64, text string) string {
	switch {
	case value == 0:
		return text
	case value <= budget:
		return text + " ✓"
	}

	return text + " ✗"
}

func times(v float64) string {
	if v == 0 {
		return "-"
	}

	return number(v) + " ×"
}

func (c *Comparison) report(s *Setup, m Match) *Report {
	r := newReport("compare", c,
		fmt.Sprintf("medians of %d alternating rounds of %s each; a ratio to the floor is the median of the rounds' ratios", m.Rounds, m.Duration),
		s.messageNote(m.Size), cpuNote,
		"messages go from one server to another, unless a column says one node; the floor is two bare relays with one connection between them")
	r.Table.Head = []string{""}
	for _, one := range c.Contenders {
		r.Table.Head = append(r.Table.Head, one.Name)
	}
	r.Table.Head = append(r.Table.Head, "Parley/floor", "budget")
	parley := c.Contenders[1]
	many := fmt.Sprintf(", %d pairs", m.Pairs)
	rateRow := "messages/s" + many
	row := func(name string, of func(Contender) float64, write func(float64) string, ratio float64, budget string) {
		cells := []string{name}
		g := group{name: name}
		for _, one := range c.Contenders {
			v := of(one)
			cells = append(cells, known(v, write))
			if v != 0 {
				g.bars = append(g.bars, bar{one.Name, write(v), v})
			}
		}
		r.Table.add(append(cells, times(ratio), budget)...)
		if len(g.bars) > 0 && (budget != "" || len(m.Peers) > 0 && name == rateRow) {
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
	row("round trip p50, 1 pair", func(c Contender) float64 { return c.P50 }, us, parley.P50Ratio, verdict(parley.P50Ratio, budgetP50, "≤ 1.5 × floor"))
	row("round trip p99, 1 pair", p99, us, over(p99), "")
	row("round trip p99.9, 1 pair", p999, us, over(p999), "")
	row("server CPU a message"+many, func(c Contender) float64 { return c.ServerCPU }, us,
		parley.CPURatio, verdict(parley.CPURatio, budgetCPU, "≤ 1.3 × floor"))
	row(rateRow, rate, number, over(rate), "")
	row("round trip p50"+many, load50, us, over(load50), "")
	row("round trip p99"+many, load99, us, over(load99), "")
	if m.Users > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("idle users: %d on one server, resident memory of its process", m.Users))
		memory := func(c Contender) float64 { return c.Memory }
		row("idle user, TCP", memory, bytesOf, over(memory), verdict(parley.Memory, budgetTCP, "≤ 6 KB"))
		row("idle user, WebSocket", func(c Contender) float64 { return c.MemoryWS }, bytesOf, 0, verdict(parley.MemoryWS, budgetWS, "≤ 8 KB"))
	}
	c.finds(r)
	c.peers(r, m)
	r.Chart.Title, r.Chart.Under = "Parley beside the floor and other servers", strings.Join(r.Notes[:1], "; ")

	return r
}

// peers adds what is to be known of servers that were not started here.
func (c *Comparison) peers(r *Report, m Match) {
	for i, p := range m.Peers {
		one := c.Contenders[len(c.Contenders)-len(m.Peers)+i]
		nodes := "one node, which both users of a pair are on"
		if one.Nodes > 1 {
			nodes = fmt.Sprintf("%d nodes, a pair's users on different ones", one.Nodes)
		}
		note := fmt.Sprintf("%s: running servers at %s (%s); round trip p50 %s that of the floor",
			p.name, strings.Join(p.addrs, " and "), nodes, times(one.P50Ratio))
		if one.CPURatio > 0 {
			note += fmt.Sprintf(", CPU a message %s (PID %s)", times(one.CPURatio), strings.Trim(fmt.Sprint(p.pids), "[]"))
		}
		if one.Memory+one.MemoryWS > 0 {
			note += "; idle users on all nodes, before the rounds"
		}
		r.Notes = append(r.Notes, note)
	}
}

// finds adds what first messages cost.
func (c *Comparison) finds(r *Report) {
	row := func(name string, value float64, budget string) {
		cells := []string{name}
		for i := range c.Contenders {
			if i == 1 {
				cells = append(cells, us(value))
			} else {
				cells = append(cells, "-")
			}
		}
		r.Table.add(append(cells, "-", budget)...)
	}
	for i, f := range c.First {
		text := "≤ 1 ms"
		limit := float64(budgetFirst)
		if i > 0 && c.First[0].First.P50 > 0 {
			limit = min(limit, budgetFlat*c.First[0].First.P50)
			text = fmt.Sprintf("≤ 1 ms, ≤ 1.2 × that of %d", c.First[0].Nodes)
		}
		row(fmt.Sprintf("first message p50, %d nodes", f.Nodes), f.First.P50, verdict(f.First.P50, limit, text))
		row(fmt.Sprintf("not found p50, %d nodes", f.Nodes), f.NotFound.P50, verdict(f.NotFound.P50, budgetNotFound, "≤ 1 ms"))
	}
	if len(c.First) > 0 {
		r.Notes = append(r.Notes, "first messages: one at a time, nodes in the generator's process")
	}
}

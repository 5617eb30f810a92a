package bench

import (
	"fmt"
	"strings"
)

// noMachineFloor is said where the machine's floor is not measured.
const noMachineFloor = "the machine's floor is measured on Linux only: ratios are to the Go floor, and the " +
	"budgets, which refer to the machine's floor, have no mark"

const floorNote = "floors: two bare relays with one connection between them; " +
	"the machine's is one thread with epoll, read and write, the Go floor has a goroutine for each connection"

func (c *Comparison) report(s *Setup, m CompareOptions) *Report {
	r := newReport("compare", c,
		fmt.Sprintf("medians of %d alternating rounds of %s each; a ratio to a floor is the median of the rounds' ratios", m.Rounds, m.Duration),
		s.messageNote(m.Size), cpuNote,
		"messages go from one server to another, unless a column says one node", floorNote)
	if c.Floors < 2 {
		r.Notes = append(r.Notes, noMachineFloor)
	}
	c.loadTable(r, m)
	if m.Users > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("idle users: %d on one server, resident memory of its process", m.Users))
	}
	if m.Pinned {
		r.Notes = append(r.Notes, pinNote())
	}
	c.bestNote(r)
	c.binaryNotes(r)
	c.clusterTables(r, s)
	c.competitorNotes(r, m)
	r.Chart.Title, r.Chart.Subtitle = "Parley beside the floors and other servers", strings.Join(r.Notes[:1], "; ")

	return r
}

// bestNote adds what budgets look at, of the best rounds: other programs on the machine disturb
// those least.
func (c *Comparison) bestNote(r *Report) {
	best, floor := c.Parley().Best, machineFloorName
	if c.Floors < 2 {
		best, floor = c.Parley().GoBest, goFloorName
	}
	note := fmt.Sprintf("the best rounds of both, %s to the %s: round trip p50 of one pair %s", c.Parley().Name, floor, formatRatio(best.P50))
	if best.PinnedP50 > 0 {
		note += ", pinned " + formatRatio(best.PinnedP50)
	}
	if best.CPU > 0 {
		note += ", CPU a message " + formatRatio(best.CPU)
	}
	r.Notes = append(r.Notes, note+", messages/s "+formatRatio(best.PerSecond))
}

// loadTable adds the table with a column for each contender.
func (c *Comparison) loadTable(r *Report, m CompareOptions) {
	r.Table.Head = []string{""}
	for _, one := range c.Contenders {
		r.Table.Head = append(r.Table.Head, one.Name)
	}
	if c.Floors > 1 {
		r.Table.Head = append(r.Table.Head, c.Parley().Name+"/"+machineFloorName)
	}
	r.Table.Head = append(r.Table.Head, c.Parley().Name+"/"+goFloorName, "budget")
	many := fmt.Sprintf(", %d pairs", m.Pairs)
	t := compareTable{c: c, r: r, competitors: len(m.Competitors) > 0}

	p50 := row{
		name: "round trip p50, 1 pair", of: func(o *Contender) float64 { return o.P50 }, write: formatMicros,
		ratio: func(r *Ratios) float64 { return r.P50 },
	}
	if m.Pinned && canPin {
		t.add(row{
			name: p50.name + ", pinned", of: func(o *Contender) float64 { return o.PinnedP50 }, write: formatMicros,
			ratio: func(r *Ratios) float64 { return r.PinnedP50 }, budget: budgetRoundTrip,
		})
		t.add(row{name: "round trip p99, 1 pair, pinned", of: func(o *Contender) float64 { return o.PinnedP99 }, write: formatMicros})
	} else {
		p50.budget = budgetRoundTrip
	}
	t.add(p50)
	t.add(row{name: "round trip p99, 1 pair", of: func(o *Contender) float64 { return o.P99 }, write: formatMicros})
	t.add(row{name: "round trip p99.9, 1 pair", of: func(o *Contender) float64 { return o.P999 }, write: formatMicros})
	t.add(row{
		name: "server CPU a message" + many, of: func(o *Contender) float64 { return o.ServerCPU }, write: formatMicros,
		ratio: func(r *Ratios) float64 { return r.CPU }, budget: budgetCPU,
	})
	t.add(row{
		name: "messages/s" + many, of: func(o *Contender) float64 { return o.PerSecond }, write: formatNumber,
		ratio: func(r *Ratios) float64 { return r.PerSecond }, budget: budgetRate, atLeast: true,
	})
	t.add(row{name: "round trip p50" + many, of: func(o *Contender) float64 { return o.LoadP50 }, write: formatMicros})
	t.add(row{name: "round trip p99" + many, of: func(o *Contender) float64 { return o.LoadP99 }, write: formatMicros})
	if m.Users > 0 {
		t.add(row{name: "idle user, TCP, one server", of: func(o *Contender) float64 { return o.Memory }, write: formatKB})
		t.add(row{name: "idle user, WebSocket, one server", of: func(o *Contender) float64 { return o.MemoryWS }, write: formatKB})
	}
}

// compareTable adds the rows of a comparison, and their bars.
type compareTable struct {
	c           *Comparison
	r           *Report
	competitors bool
}

// row is one figure of all contenders.
type row struct {
	name    string
	of      func(*Contender) float64
	write   func(float64) string
	ratio   func(*Ratios) float64 // nil: that of the medians
	budget  float64               // × the machine's floor, at most; 0: none
	atLeast bool                  // the budget is the least
}

func (t *compareTable) add(row row) {
	cells := []string{row.name}
	g := group{name: row.name}
	for i := range t.c.Contenders {
		one := &t.c.Contenders[i]
		v := row.of(one)
		cells = append(cells, orDash(v, row.write))
		if v != 0 {
			g.bars = append(g.bars, bar{one.Name, row.write(v), v})
		}
	}
	parley, machine := t.c.Parley(), 0.0
	if floor := t.c.MachineFloor(); floor != nil {
		machine = row.over(floor, parley, &parley.Ratios)
		cells = append(cells, formatRatio(machine))
	}
	cells = append(cells, formatRatio(row.over(t.c.GoFloor(), parley, &parley.GoRatios)), row.verdict(machine))
	t.r.Table.add(cells...)
	if len(g.bars) > 0 && (row.budget > 0 || t.competitors && row.atLeast) {
		t.r.Chart.Groups = append(t.r.Chart.Groups, g)
	}
}

// over is the ratio of Parley to a floor; 0: not known.
func (row *row) over(floor, parley *Contender, ratios *Ratios) float64 {
	if row.ratio != nil {
		return row.ratio(ratios)
	}
	if v := row.of(floor); v > 0 {
		return row.of(parley) / v
	}

	return 0
}

// verdict is the budget, with a mark if the ratio is known.
func (row *row) verdict(ratio float64) string {
	switch {
	case row.budget == 0:
		return ""
	case row.atLeast:
		return withMark(fmt.Sprintf("≥ %g × %s", row.budget, machineFloorName), ratio > 0, ratio >= row.budget)
	}

	return withVerdict(ratio, row.budget, fmt.Sprintf("≤ %.1f × %s", row.budget, machineFloorName))
}

package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Abuse measures what attacking clients do to honest ones.
func (s *Setup) Abuse(ctx context.Context, o AbuseOptions) (*Report, error) {
	all, err := s.MeasureAbuse(ctx, o)
	if err != nil {
		return nil, err
	}

	return s.abuseReport(o, all), nil
}

func (s *Setup) abuseReport(o AbuseOptions, all []AbuseResult) *Report {
	r := newReport("abuse", all,
		fmt.Sprintf("%d honest users in pairs, half of the pairs on one node and half on two; each sends %d bytes to its partner %d times a second, "+
			"by %s, for %s", honestUsers, honestSize, honestRate, s.transport(), o.Duration),
		"times are from when a message was due until it arrived; a lost message (not there after 5 s) counts as 5 s",
		"quiet: no attack; control: the same attack against other nodes on this machine; attack: the attackers are on the honest users' node",
		"logins failed: of new honest users, 10 a second during the attack; each has 5 s",
		fmt.Sprintf("ratio: p99 of attack to control; kept: at most %d, nothing lost, no login failed", abuseBudget))
	if o.Rounds > 1 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d rounds: times are of the round with the middle ratio; "+
			"sent, lost and failed are sums, the peak is the most", o.Rounds))
	}
	r.Table = s.abuseTable(all)
	r.ExtraTables = []Table{s.attackTable(all)}
	r.Chart = Chart{Title: "Honest users under attack, p99", Subtitle: r.Notes[0]}
	for _, one := range all {
		g := group{name: s.rowName(one.Name, one.Binary)}
		for _, p := range []struct {
			name string
			load HonestLoad
		}{{"quiet", one.Quiet}, {"control", one.Control}, {"attack", one.Attack}} {
			g.bars = append(g.bars, bar{p.name, formatMicros(p.load.OneWay.P99), p.load.OneWay.P99})
		}
		r.Chart.Groups = append(r.Chart.Groups, g)
	}
	for i := range all {
		r.Notes = append(r.Notes, s.abuseNotes(&all[i])...)
	}

	return r
}

// abuseTable shows what honest users see.
func (s *Setup) abuseTable(all []AbuseResult) Table {
	t := Table{Head: []string{
		"attack", "p50 quiet", "control", "attack", "p99 quiet", "control", "attack", "ratio", "sent", "lost", "logins failed",
		"memory before", "peak", "kept",
	}}
	for i := range all {
		r := &all[i]
		mark := "✗"
		if r.Kept() {
			mark = "✓"
		}
		t.add(s.rowName(r.Name, r.Binary),
			formatMicros(r.Quiet.OneWay.P50), formatMicros(r.Control.OneWay.P50), formatMicros(r.Attack.OneWay.P50),
			formatMicros(r.Quiet.OneWay.P99), formatMicros(r.Control.OneWay.P99), formatMicros(r.Attack.OneWay.P99),
			formatRatio(r.Ratio), strconv.FormatUint(r.Attack.Sent, 10), strconv.FormatUint(r.Attack.Lost, 10),
			fmt.Sprintf("%d of %d", r.Attack.Logins.Failed, r.Attack.Logins.Tried),
			orDash(float64(r.MemoryBefore), formatMB), orDash(float64(r.MemoryPeak), formatMB), mark)
	}

	return t
}

// attackTable shows what attackers do and find.
func (s *Setup) attackTable(all []AbuseResult) Table {
	t := Table{Head: []string{"attack", "what", "done, control", "done, attack", "found"}}
	for i := range all {
		r := &all[i]
		found := r.Outcome.Text
		if r.Outcome.Checked {
			found = withMark(found, true, !r.Outcome.Failed)
		}
		t.add(s.rowName(r.Name, r.Binary), r.What, r.ControlOutcome.rate(), r.Outcome.rate(), found)
	}

	return t
}

// rate is what attackers did a second.
func (o AttackOutcome) rate() string {
	if o.Seconds == 0 {
		return "-"
	}

	return formatNumber(float64(o.Work)/o.Seconds) + " " + o.Unit + "/s"
}

// abuseNotes say why honest messages and logins were lost, in which phase.
func (s *Setup) abuseNotes(r *AbuseResult) (notes []string) {
	for _, p := range []struct {
		name string
		load HonestLoad
	}{{"quiet", r.Quiet}, {"control", r.Control}, {"attack", r.Attack}} {
		var parts []string
		if p.load.Lost > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d messages lost", p.load.Lost, p.load.Sent))
		}
		if len(p.load.Refused) > 0 {
			parts = append(parts, "refused: "+formatCounts(p.load.Refused))
		}
		if n := len(p.load.Broken); n > 0 {
			parts = append(parts, fmt.Sprintf("%d connections ended, the first one with: %s", n, p.load.Broken[0]))
		}
		if l := p.load.Logins; l.Failed > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d logins failed, the first one with: %s", l.Failed, l.Tried, l.Error))
		}
		if len(parts) > 0 {
			notes = append(notes, fmt.Sprintf("%s, %s: %s", s.rowName(r.Name, r.Binary), p.name, strings.Join(parts, "; ")))
		}
	}
	if r.Outcome.Error != "" {
		notes = append(notes, fmt.Sprintf("%s: the last refusal of an attacker: %s", s.rowName(r.Name, r.Binary), r.Outcome.Error))
	}

	return notes
}

func formatMB(v float64) string { return formatNumber(v/(1<<20)) + " MB" }

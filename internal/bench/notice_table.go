package bench

import (
	"fmt"
	"slices"
	"strconv"
)

// noticeTable shows the figures of each number of clients.
func (s *Setup) noticeTable(all []NoticeResult) Table {
	t := Table{Head: []string{
		"kill -9 of a node", "notices", "notice p50", "p99", "max", "budget", "not found p50", "max", "other answers before",
	}}
	for _, n := range all {
		budget, limit := "≤ 50 ms p50, ≤ 250 ms max", float64(budgetNotice)
		if n.Clients > noticeFewClients {
			budget, limit = "≤ 250 ms", budgetNoticeMax
		}
		kept := n.Delay.P50 <= limit && n.Delay.Max <= budgetNoticeMax
		t.add(s.rowName(fmt.Sprintf("%d clients, %s", n.Clients, nodeCount(n.Nodes)), n.Binary), strconv.FormatUint(n.Delay.Count, 10),
			formatMicros(n.Delay.P50), formatMicros(n.Delay.P99), formatMicros(n.Delay.Max), withMark(budget, n.Delay.Count > 0, kept),
			formatMicros(n.NotFound.P50), formatMicros(n.NotFound.Max), formatCounts(n.OtherAnswers))
	}

	return t
}

// formatCounts writes how many answers there were of each kind.
func formatCounts(kinds map[string]int) string {
	if len(kinds) == 0 {
		return "none"
	}
	var parts []string
	for kind, count := range kinds {
		parts = append(parts, fmt.Sprintf("%d %s", count, kind))
	}
	slices.Sort(parts)

	return fmt.Sprint(parts)
}

const noticeNote = "kill -9: each client of the killed node has a channel to a peer on another node; notice: from the kill until that peer's client has the " +
	"push 700; not found: from the kill until a message of a user with no channel to the node has this answer. The generator reads " +
	"all notices on the same processors, which is part of the figure"

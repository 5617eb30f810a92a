package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// history is what happened to a message and around it.
func (j *checker) excerpt(f *flow, number int) string {
	const near = 4
	x := f.ops[number]
	done := x.done
	if done == never {
		done = x.sent.add(patience)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  messages of %s to %s:\n", f.from.id, f.to.id)
	for i := max(0, number-near); i < min(len(f.ops), number+near); i++ {
		y := f.ops[i]
		fmt.Fprintf(&b, "    number %d: sent %v by %s, %v: %v; came %d times (%s), handed over %d times\n",
			i, y.sent, place(y.via), y.done, y.outcome, y.came, place(y.by), y.handed)
	}
	b.WriteString("  came in:")
	for i, a := range f.arrivals {
		if a.number >= number-near && a.number < number+near || i > 0 && f.arrivals[i-1].number == number {
			fmt.Fprintf(&b, " %d (%s, %v)", a.number, place(a.session), a.at)
		}
	}
	b.WriteString("\n")
	b.WriteString(j.around(x.sent.add(-5*time.Second), done.add(2*time.Second), f.from, f.to))

	return b.String()
}

// around is what happened to some users, and to the nodes, in some time.
func (j *checker) around(from, to moment, users ...*user) string {
	var b strings.Builder
	for _, p := range users {
		for _, s := range j.sessions[p] {
			if s.dialed < to && s.ended > from {
				fmt.Fprintf(&b, "    %v\n", s)
			}
		}
	}
	for _, e := range j.r.history.events {
		about := strings.HasPrefix(e.what, "n") || strings.HasPrefix(e.what, "all") ||
			slices.ContainsFunc(users, func(p *user) bool { return strings.HasPrefix(e.what, p.id) })
		if e.at > from && e.at < to && about {
			fmt.Fprintf(&b, "    %v %s\n", e.at, e.what)
		}
	}

	return b.String()
}

func place(s *session) string {
	if s == nil {
		return "no session"
	}
	r := s.record()

	return fmt.Sprintf("session %d on %s", r.rank, r.node)
}

package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// excerpt describes a message and the events around it.
func (c *checker) excerpt(f *flow, number int) string {
	const near = 4
	x := f.ops[number]
	done := x.done
	if done == never {
		done = x.sent.add(sendTimeout)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  messages of %s to %s:\n", f.from.id, f.to.id)
	for i := max(0, number-near); i < min(len(f.ops), number+near); i++ {
		y := f.ops[i]
		fmt.Fprintf(&b, "    number %d: sent %v by %s, %v: %v; came %d times (%s), handed over %d times\n",
			i, y.sent, sessionName(y.sentOn), y.done, y.outcome, y.received, sessionName(y.receivedOn), y.handedOver)
	}
	b.WriteString("  came in:")
	for i, a := range f.arrivals {
		if a.number >= number-near && a.number < number+near || i > 0 && f.arrivals[i-1].number == number {
			fmt.Fprintf(&b, " %d (%s, %v)", a.number, sessionName(a.session), a.at)
		}
	}
	b.WriteString("\n")
	b.WriteString(c.timeline(x.sent.add(-5*time.Second), done.add(2*time.Second), f.from, f.to))

	return b.String()
}

// timeline is what happened to some users, and to the nodes, in some time.
func (c *checker) timeline(from, to moment, users ...*user) string {
	var b strings.Builder
	for _, u := range users {
		for _, s := range c.sessions[u] {
			if s.dialed < to && s.ended > from {
				fmt.Fprintf(&b, "    %v\n", s)
			}
		}
	}
	for _, e := range c.r.history.events {
		about := strings.HasPrefix(e.text, "n") || strings.HasPrefix(e.text, "all") ||
			slices.ContainsFunc(users, func(u *user) bool { return strings.HasPrefix(e.text, u.id) })
		if e.at > from && e.at < to && about {
			fmt.Fprintf(&b, "    %v %s\n", e.at, e.text)
		}
	}

	return b.String()
}

func sessionName(s *session) string {
	if s == nil {
		return "no session"
	}
	r := s.record()

	return fmt.Sprintf("session %d on %s", r.rank, r.node)
}

package directory

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// plan is a history before it is played.
type plan struct {
	n       int
	skews   []int
	mesh    bool // all nodes are members at the start
	late    bool // but the last
	off     string
	actions []action
}

func (p *plan) world() *world {
	w := newWorld(p.n, switchOff(p.off), p.skews, p.mesh, p.late)
	w.gaps = p.off == "atomic"

	return w
}

// play plays a history and returns the actions that were possible.
func (p *plan) play(loud bool) (*world, []action) {
	w := p.world()
	w.loud = loud
	var done []action
	for _, a := range p.actions {
		if w.bad != "" {
			return w, done
		}
		if w.do(a) {
			done = append(done, a)
		}
	}
	if w.bad == "" {
		w.sayf("final")
		w.final()
	}

	return w, done
}

// shrink leaves out actions as long as the same promise is broken.
func (p *plan) shrink(bad byte) {
	for again := true; again; {
		again = false
		for i := range slices.Backward(p.actions) {
			q := *p
			q.actions = slices.Delete(slices.Clone(p.actions), i, i+1)
			if w, done := q.play(false); w.bad != "" && w.bad[0] == bad && len(done) < len(p.actions) {
				p.actions, again = done, true

				break
			}
		}
	}
}

// String is the form in which testdata/histories keeps a history.
func (p *plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "nodes %d skews %v mesh %v late %v\n", p.n, p.skews, p.mesh, p.late)
	for _, a := range p.actions {
		fmt.Fprintf(&b, "%s %c %c %d\n", actionNames[a.kind], 'a'+rune(a.a), 'a'+rune(a.b), a.u)
	}

	return b.String()
}

func (p *plan) trace() string {
	w, _ := p.play(true)

	return fmt.Sprintf("%s\n%d nodes, skews %v, mesh %v, late %v\n%s", w.bad, p.n, p.skews, p.mesh, p.late, strings.Join(w.said, "\n"))
}

// switchOff is all rules but one.
func switchOff(rule string) rules {
	r := allRules()
	for name, on := range map[string]*bool{
		"lease": &r.lease, "confView": &r.confView, "reqView": &r.reqView, "echo": &r.echo, "replica": &r.replica, "tidy": &r.tidy, "bump": &r.bump,
		"evEpoch": &r.evEpoch, "yield": &r.yield, "sync": &r.sync, "after": &r.after, "settled": &r.settled, "evict": &r.evict, "atomic": &r.atomic,
	} {
		if name == rule {
			*on = false
		}
	}

	return r
}

var ruleNames = []string{
	"lease", "confView", "reqView", "echo", "replica", "tidy", "bump", "evEpoch", "yield", "sync", "after", "settled", "evict", "atomic",
}

// parsePlan reads what String writes.
func parsePlan(text string) (*plan, error) {
	p := &plan{}
	head, rest, _ := strings.Cut(text, "\n")
	head = strings.NewReplacer("[", "", "]", "").Replace(head)
	words := strings.Fields(head)
	for i, w := range words {
		switch {
		case i == 1:
			p.n, _ = strconv.Atoi(w)
		case w == "true" && words[i-1] == "mesh":
			p.mesh = true
		case w == "true":
			p.late = true
		case i > 2:
			if k, err := strconv.Atoi(w); err == nil {
				p.skews = append(p.skews, k)
			}
		}
	}
	for line := range strings.Lines(rest) {
		var name, a, b string
		var u int
		if _, err := fmt.Sscan(line, &name, &a, &b, &u); err != nil {
			return nil, fmt.Errorf("%q: %w", line, err)
		}
		k := slices.Index(actionNames, name)
		if k < 0 || p.n == 0 {
			return nil, fmt.Errorf("%q", line)
		}
		p.actions = append(p.actions, action{kind: actionKind(k), a: int(a[0] - 'a'), b: int(b[0] - 'a'), u: u})
	}

	return p, nil
}

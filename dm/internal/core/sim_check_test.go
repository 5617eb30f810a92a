package core

import (
	"fmt"
	"slices"
)

// check holds what must be true at any time.
func (s *sim) check() error {
	for _, l := range s.letters {
		if l.finished > 1 {
			return fmt.Errorf("%v of %s to %s was finished %d times", l, l.from, l.to, l.finished)
		}
		if len(l.happened) > 1 {
			return fmt.Errorf("%v of %s to %s happened %d times", l, l.from, l.to, len(l.happened))
		}
		if err := l.truth(); err != nil {
			return err
		}
	}

	for _, x := range s.all {
		for _, c := range x.core.Conversations() {
			if x.blank && c.Open() {
				return fmt.Errorf("%s is blank, and has a channel with %s", x, c.Peer())
			}
		}
	}

	return s.inOrder()
}

// truth compares the outcome with what happened.
func (l *letter) truth() error {
	if l.finished == 0 || l.outcome == Timeout {
		return nil
	}
	var was Outcome
	if len(l.happened) > 0 {
		was = l.happened[0]
	}
	switch {
	case l.outcome == was, was == 0 && !l.outcome.accepted() && l.outcome != Declined:
		return nil
	case was == 0 && l.outcome == Delivered && l.kind != Message:
		return nil // there was nothing to open or to end
	}

	return fmt.Errorf("%v of %s to %s ended as %v, but it was %v", l, l.from, l.to, l.outcome, was)
}

// inOrder compares the order in which one user's items reached another with the order in which they
// were sent.
func (s *sim) inOrder() error {
	type pairing struct {
		from, to string
		by       *session // of a blank user: others of its ID are others
	}
	last := map[pairing]*letter{}
	for _, l := range s.reached {
		k := pairing{from: l.from, to: l.to}
		if l.by.blank {
			k.by = l.by
		}
		if p := last[k]; p != nil && p.n > l.n && (p.by == l.by || !s.each && !l.kind.Ends() && !p.kind.Ends()) { // an end may be insisted on by an older session
			return fmt.Errorf("%v of %s to %s came after %v, which was sent later", l, l.from, l.to, p)
		}
		if p := last[k]; p == nil || p.n < l.n {
			last[k] = l
		}
	}

	return nil
}

// disagree returns the pairs whose two sides do not say the same. Nothing may be under way.
func (s *sim) disagree() []pair {
	var out []pair
	for _, x := range s.all {
		for _, peer := range x.peers() {
			c, y := x.with(peer), s.dir[peer]
			if !c.Open() {
				continue
			}
			if y == nil || c.Place() != y.at || y.with(x.user) == nil || !y.with(x.user).Open() || x != s.dir[x.user] || y.with(x.user).Place() != x.at {
				out = append(out, pairOf(x.user, peer))
			}
		}
	}
	slices.SortFunc(out, func(p, q pair) int { return slices.Compare([]string{p.a, p.b}, []string{q.a, q.b}) })

	return slices.Compact(out)
}

// finished checks that every item has its outcome, and that all sessions that left hold nothing.
func (s *sim) finished() error {
	for _, l := range s.letters {
		if l.finished == 0 && !l.orphan {
			return fmt.Errorf("%v of %s to %s has no outcome", l, l.from, l.to)
		}
	}
	for _, x := range s.all {
		for _, peer := range x.peers() {
			if c := x.with(peer); x.core.State() != Active || x.blank {
				return fmt.Errorf("%s has not let go of %s: open %v, waiting %d, undecided %d, phase %d", x, peer, c.Open(), c.Waiting(), c.in.undecided, c.out.phase)
			}
		}
	}
	if len(s.queue) > 0 {
		return fmt.Errorf("%d events left", len(s.queue))
	}

	return nil
}

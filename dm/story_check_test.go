package dm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-dm/parley/dm"
)

// check holds the promises of DESIGN section 4 against what was noticed so far. If settled, nothing
// may be without an outcome.
func (s *story) check(settled bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.wrong) > 0 {
		return errors.New(strings.Join(s.wrong, "\n"))
	}
	for _, l := range s.letters {
		if err := l.check(settled); err != nil {
			return fmt.Errorf("%q from %s to %s: %w", l.text, l.by.label, l.to, err)
		}
	}

	return s.inOrder()
}

// check compares what the sender was told with what the recipient noticed.
func (l *letter) check(settled bool) error {
	dead := l.by.node.crashed.Load()
	switch {
	case len(l.heard) > 1:
		return fmt.Errorf("it was heard by %s and by %s", l.heard[0].by.label, l.heard[1].by.label)
	case len(l.outcomes) > 1:
		return fmt.Errorf("its callback was called %d times", len(l.outcomes))
	case len(l.outcomes) == 0 && settled && !dead && !l.silent:
		return errors.New("its callback was never called")
	case len(l.outcomes) == 0:
		return nil
	}
	var fate string
	if len(l.fates) > 0 {
		fate = l.fates[len(l.fates)-1]
	}
	err := l.outcomes[0]
	switch {
	case errors.Is(err, dm.ErrReliableTimeout):
		return nil
	case err == nil && len(l.heard) == 0 && fate != "declined" && fate != "dropped":
		return errors.New("it ended well, and nobody heard it")
	case err != nil && len(l.heard) > 0:
		return fmt.Errorf("it was heard, and its sender was told %w", err)
	case errors.Is(err, dm.ErrInternal) && fate != "panicked":
		return fmt.Errorf("no callback panicked, and its sender was told %w", err)
	}

	return nil
}

// inOrder compares the order in which one user's messages reached another with the order in which
// they were sent. Of two sessions of the sender the older must have been over when the newer one
// sent.
func (s *story) inOrder() error {
	type arrived struct {
		*letter

		n int
	}
	var all []arrived
	for _, l := range s.letters {
		for _, h := range l.heard {
			all = append(all, arrived{l, h.n})
		}
	}
	slices.SortFunc(all, func(a, b arrived) int { return a.n - b.n })
	last := map[[2]string]*letter{}
	for _, a := range all {
		k := [2]string{a.from, a.to}
		p := last[k]
		if p == nil || p.n < a.letter.n {
			last[k] = a.letter

			continue
		}
		after := !a.late && !p.late && a.by.ended != 0 && a.by.ended <= p.sent && !p.ends && !a.ends
		if p.by == a.by || after {
			return fmt.Errorf("%q of %s (outcome %v) was heard by %s after %q of %s (outcome %v), which was sent later, by %s",
				a.text, a.by.label, a.outcomes, a.heard[0].by.label, p.text, p.by.label, p.outcomes, p.heard[0].by.label)
		}
	}

	return nil
}

// disagree returns the pairs of users whose two sides do not say the same.
func (s *story) disagree() (pairs [][2]string) {
	sides := map[string]map[string]string{} // user, peer, the peer's session
	at := map[string]string{}
	for _, id := range s.users() {
		if x := s.live(id); x != nil {
			at[id], sides[id] = x.u.SID, x.node.dm.Places(x.u)
		}
	}
	for id, list := range sides {
		for peer, sid := range list {
			if at[peer] != sid || sides[peer][id] != at[id] {
				pairs = append(pairs, [2]string{min(id, peer), max(id, peer)})
			}
		}
	}
	slices.SortFunc(pairs, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })

	return slices.Compact(pairs)
}

// empty tells what is left when all users have left and nothing is under way.
func (s *story) empty() error {
	for _, nd := range s.nodes {
		if nd.crashed.Load() {
			continue
		}
		if h := nd.dm.Holds(); h != (dm.Holdings{}) {
			return fmt.Errorf("%s still holds %+v", nd.name, h)
		}
		if n := nd.entries(); n != 0 {
			return fmt.Errorf("the directory of %s still holds %d", nd.name, n)
		}
		if n := nd.users.Count(); n != 0 {
			return fmt.Errorf("%s still has %d users", nd.name, n)
		}
	}

	return nil
}

// allSessions lists all sessions, for a failure's message.
func (s *story) allSessions() (all string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.sessions {
		all += fmt.Sprintf("%s %s began %d ended %d gone %v stamp %d; ", x.label, x.u.SID, x.began, x.ended, x.u.Closed(), x.stamp)
	}

	return all
}

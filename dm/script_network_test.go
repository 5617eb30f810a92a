package dm_test

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// network are the commands that act on nodes and on what is between them.
func (s *story) network() map[string]func(words) error {
	on := func(f func(nd *node)) func(words) error {
		return func(w words) error {
			nd := s.node(w.at(1))
			if nd == nil {
				return errNot
			}
			f(nd)

			return nil
		}
	}
	between := func(f func(a, b *node)) func(words) error {
		return func(w words) error {
			a, b := s.node(w.at(1)), s.node(w.at(2))
			if a == nil || b == nil || a == b {
				return errNot
			}
			f(a, b)

			return nil
		}
	}
	start := func(w words) error {
		for _, name := range w[1:] {
			if s.node(name) != nil {
				return errNot
			}
			s.begin(name)
		}
		time.Sleep(time.Second) // until all see all

		return nil
	}

	return map[string]func(words) error{
		"node": start, "restart": start,
		"crash": on((*node).crash),
		"stop":  on(func(nd *node) { s.meanwhile.Go(nd.stop) }),
		"cutoff": on(func(nd *node) {
			if !s.lost[nd] {
				s.lost[nd] = true
				s.isolate(nd)
			}
		}),
		"restore": on(s.restore),
		"freeze":  on((*node).freeze),
		"thaw":    on((*node).thaw),
		"cut": between(func(a, b *node) {
			s.cuts[[2]*node{a, b}] = true
			s.cut(a, b)
		}),
		"heal":  between(s.heal),
		"break": between(s.breakLink), // what connects two nodes breaks
		"delay": func(w words) error { // delay n1 n2 20ms: one way
			d, err := time.ParseDuration(w.at(3))
			s.mu.Lock()
			defer s.mu.Unlock()
			s.delays[[2]string{w.at(1), w.at(2)}] = d

			return err
		},
		"jitter": func(w words) error { // jitter 3ms 7: up to so much more, by that seed
			d, err := time.ParseDuration(w.at(1))
			seed, _ := strconv.ParseUint(w.at(2), 10, 64)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.jitter, s.rng = d, rand.New(rand.NewPCG(seed, seed))

			return err
		},
		"lag": func(w words) (err error) { // lag 800us: the steps of logins and ends, and callbacks, take up to so long
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lag, err = time.ParseDuration(w.at(1))

			return err
		},
		"idleafter": func(w words) (err error) {
			s.settings.ChannelIdleTimeout, err = time.ParseDuration(w.at(1))

			return err
		},
		"atmost": func(w words) (err error) {
			s.settings.MaxChannelsPerUser, err = strconv.Atoi(w.at(1))

			return err
		},
	}
}

func (s *story) restore(nd *node) {
	if s.lost[nd] { // also of one that has crashed: the cut would stay for the node that is started in its place
		s.cluster.restore(nd)
	}
	delete(s.lost, nd)
}

func (s *story) heal(a, b *node) {
	if s.cuts[[2]*node{a, b}] || s.cuts[[2]*node{b, a}] {
		s.cluster.heal(a, b)
	}
	delete(s.cuts, [2]*node{a, b})
	delete(s.cuts, [2]*node{b, a})
}

// mend ends all that stands in the way.
func (s *story) mend() {
	for _, nd := range s.nodes {
		if !nd.crashed.Load() {
			nd.thaw()
		}
	}
	for nd := range s.lost {
		s.restore(nd)
	}
	for c := range s.cuts {
		s.heal(c[0], c[1])
	}
	s.mu.Lock()
	sessions := s.sessions
	for _, m := range s.manners {
		m.act = ""
		for kind, gate := range m.gates {
			close(gate)
			delete(m.gates, kind)
		}
	}
	s.mu.Unlock()
	for _, x := range sessions {
		x.mu.Lock()
		x.full = false
		x.mu.Unlock()
		x.unstall()
	}
}

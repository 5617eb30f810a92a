package dm_test

// behaviour are the commands that say how callbacks and clients behave.
func (s *story) behaviour() map[string]func(words) error {
	manner := func(w words) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mannerLocked(w.at(1)).act = w.at(0)

		return nil
	}
	client := func(f func(p *person)) func(words) error {
		return func(w words) error {
			x := s.live(w.at(1))
			if x == nil || x.u.IsBlank() {
				return errNot
			}
			f(x.person)

			return nil
		}
	}
	set := func(flag func(p *person) *bool, to bool) func(p *person) {
		return func(p *person) {
			p.mu.Lock()
			defer p.mu.Unlock()
			*flag(p) = to
		}
	}
	stalled, full := func(p *person) *bool { return &p.stalled }, func(p *person) *bool { return &p.full }

	return map[string]func(words) error{
		"decline": manner, "empty": manner, "rewrite": manner, "panic": manner, "slip": manner, "accept": manner,
		"hold": func(w words) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			kind := w.at(2)
			if kind == "" {
				kind = "receive"
			}
			if m := s.mannerLocked(w.at(1)); m.gates[kind] == nil {
				m.gates[kind] = make(chan struct{})
			}

			return nil
		},
		"release": func(w words) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			m := s.mannerLocked(w.at(1))
			for kind, gate := range m.gates {
				close(gate)
				delete(m.gates, kind)
			}

			return nil
		},
		"farewell": func(w words) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.mannerLocked(w.at(1)).farewell = w.from(2)

			return nil
		},
		"stall": client(set(stalled, true)), "unstall": client((*person).unstall),
		"full": client(set(full, true)), "roomy": client(set(full, false)),
	}
}

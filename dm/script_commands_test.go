package dm_test

import (
	"fmt"
	"strings"
)

// words are those of a command.
type words []string

func (w words) at(i int) string {
	if i < len(w) {
		return w[i]
	}

	return ""
}

func (w words) from(i int) string { return strings.Join(w[min(i, len(w)):], " ") }

// do does one command.
func (s *story) do(text string) error {
	w := words(strings.Fields(text))
	s.calm.notes(w)
	if w[0] == "meanwhile" { // a command that takes time goes on while the story does
		s.meanwhile.Go(func() {
			if err := s.perform(w[1:]); err != nil && !s.history {
				s.t.Errorf("%s: %v", text, err)
			}
		})

		return nil
	}

	return s.perform(w)
}

func (s *story) perform(w words) error {
	for _, group := range []map[string]func(words) error{s.people(), s.behaviour(), s.network(), s.watching()} {
		if f := group[w[0]]; f != nil {
			return f(w)
		}
	}

	return fmt.Errorf("no such command: %s", w[0])
}

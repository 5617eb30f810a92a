package dm_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/parley-dm/parley/dm"
)

// letter is a message, and all that is known of it.
type letter struct {
	n        int
	text     string
	from, to string
	by       *session
	sent     int // guarded by story.mu; story.count before the call
	ends     bool
	silent   bool // its outcome is not recorded
	late     bool // its session was over when it was sent: between that and a newer session there is no order

	outcomes []error  // guarded by story.mu
	heard    []*heard // guarded by story.mu
	fates    []string // guarded by story.mu; what the callbacks made of it
}

type heard struct {
	by *session
	n  int // story.count
}

// hears is told of everything that a client gets.
func (s *story) hears(x *session, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	_, body, _ := strings.Cut(text, " ")
	if _, last, ok := strings.Cut(body, ": "); ok && strings.HasPrefix(text, "1.") {
		body = last
	}
	if l := s.byText[strings.ToLower(body)]; l != nil {
		l.heard = append(l.heard, &heard{x, s.count})
	}
	text = strings.TrimPrefix(text, "2.11 ")
	s.noteLockedf(x.label, 1, 0, "%s hears %s", x.label, text)
}

// newLetter makes a message with a text of its own.
func (s *story) newLetter(x *session, to, text string) *letter {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &letter{n: len(s.letters) + 1, text: text, from: x.id, to: to, by: x, sent: s.count, late: x.ended != 0}
	s.letters = append(s.letters, l)
	if text != "" {
		if s.byText[text] != nil {
			s.t.Errorf("the text %q is used twice", text)
		}
		s.byText[text] = l
	}

	return l
}

// send may be called by several goroutines for one session: the letters' numbers have the order of
// the calls.
func (s *story) send(x *session, to, text string) {
	x.sending.Lock()
	defer x.sending.Unlock()
	l := s.newLetter(x, to, text)
	x.node.dm.SendMessageByUserID(x.u, to, 2, 11, []byte(text), func(err error) { s.outcome(l, err, describe(err)) })
}

// outcome notes how a message ended, as its sender was told.
func (s *story) outcome(l *letter, err error, text string) {
	s.wait(l.from, "outcome")
	if l.by.node.crashed.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l.outcomes = append(l.outcomes, err)
	name := l.text
	if len(name) > 40 {
		name = fmt.Sprintf("a message of %d bytes", len(name))
	}
	if name == "" {
		name = "an empty message"
	}
	s.noteLockedf(l.by.label, 0, l.n, "%s: %s to %s: %s", l.by.label, name, l.to, text)
}

var outcomeNames = map[error]string{
	dm.ErrReliableTimeout: "timeout", dm.ErrMessageNil: "message nil", dm.ErrNodesNotFound: "nodes not found", dm.ErrUserNotFound: "user not found",
	dm.ErrMessageTooLarge: "too large", dm.ErrRecipientBusy: "recipient busy", dm.ErrOverloaded: "overloaded", dm.ErrInternal: "internal error",
}

func describe(err error) string {
	if err == nil {
		return "ok"
	}
	for kind, name := range outcomeNames {
		if errors.Is(err, kind) {
			return name
		}
	}

	return err.Error()
}

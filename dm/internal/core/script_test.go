package core

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

var errNot = errors.New("not now")

// TestScripts plays the scripts of testdata (-rewrite writes them anew). A block is some commands
// of which the last one tells something, a line of dashes, and what it tells. Lines that begin with
// # are comments.
//
//	node n1 n2             begins nodes
//	login bob n2           or move: a login; of a user who is there already it replaces the older session
//	send alice bob hi      a message; connect, clear and idle (forget in silence) in the same way
//	leave bob bye          with a last message; dash: the directory forgets the user before the farewells are answered
//	park bob               its node stops: it is expected back on another one
//	hold bob, release bob  the user's callbacks; decline, empty, accept: what they say
//	crash n2               ends a node; the others hear of it later
//	cut n1 n2 1            ends a link, but one packet from n1 to n2 still arrives; both hear of it later
//	full n1 n2, roomy      the queue from n1 to n2
//	cutoff n1, heal n1     lookups from there fail
//	slow n1 5              stamps from there are as old as those of five logins ago
//	lookups slow           a lookup takes two steps, one to decide and one to tell; else none
//	settle                 everything happens that can, oldest first; expire: also what the deadlines bring; tick: one of these
//	blank b1 bob n1        a user without a client, of bob's user ID; send b1 ... sends as it
//	state                  tells of all channels
//
// One thing that can happen is named: deliver n1->n2 (the next packet), answer n2->n1, call bob
// (the callbacks for the next item), hear n1 (the end of a link), lookup alice bob, retry alice
// bob, handover n2->n3, unsent n1->n2.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) { //nolint:thelper // it is the test
		s := newSim()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string { //nolint:thelper // it is the test
			commands := append([]string{commandOf(d)}, strings.FieldsFunc(d.Input, func(r rune) bool { return r == '\n' })...)
			for i, line := range commands {
				s.out.Reset()
				if err := s.command(strings.Fields(line)); err != nil {
					d.Fatalf(t, "%s: %v", line, err)
				}
				if err := s.check(); err != nil {
					t.Errorf("%s: %s: %v", d.Pos, line, err)
				}
				if s.out.Len() > 0 && i < len(commands)-1 {
					t.Errorf("%s: %s tells something: it must be the last command of its block:\n%s", d.Pos, line, s.out.String())
				}
			}

			return s.out.String()
		})
	})
}

// commandOf is the first line of a block.
func commandOf(d *datadriven.TestData) string {
	words := []string{d.Cmd}
	for _, arg := range d.CmdArgs {
		words = append(words, arg.String())
	}

	return strings.Join(words, " ")
}

// command does one line of a script.
func (s *sim) command(w []string) error {
	arg := func(i int) string {
		if i < len(w) {
			return w[i]
		}

		return ""
	}
	rest := func(i int) string { return strings.Join(w[min(i, len(w)):], " ") }
	num := func(i, or int) int {
		if n, err := strconv.Atoi(arg(i)); err == nil {
			return n
		}

		return or
	}
	switch w[0] {
	case "node":
		for _, n := range w[1:] {
			s.start(n)
		}
	case "login", "move":
		n := s.nodes[arg(2)]
		if n == nil || n.dead {
			return errNot
		}
		s.login(arg(1), n)
	case "send", "clear", "connect", "idle":
		return s.speak(w[0], arg(1), arg(2), rest(3))
	case "leave", "dash":
		x := s.dir[arg(1)]
		if x == nil || x.leaving() {
			return errNot
		}
		s.leave(x, rest(2), w[0] == "dash")
	case "park":
		x := s.dir[arg(1)]
		if x == nil || x.leaving() || x.core.Parked() {
			return errNot
		}
		x.core.Park()
	case "hold", "release", "decline", "empty", "accept":
		m := s.manner(arg(1))
		switch w[0] {
		case "hold", "release":
			m.held = w[0] == "hold"
		default:
			m.declining, m.emptying = w[0] == "decline", w[0] == "empty"
		}
	case "crash", "cutoff", "heal", "cut", "full", "roomy", "slow":
		return s.fault(w[0], arg(1), arg(2), num)
	case "deliver", "answer", "call", "hear", "lookup", "retry", "handover", "unsent":
		for _, e := range s.ready() {
			if e.name == strings.Join(w, " ") {
				s.happen(e)

				return nil
			}
		}

		return errNot
	case "settle":
		if s.settle(s.now+1_000_000_000) < 0 {
			return errors.New("it never ends")
		}
	case "expire":
		s.advance(s.now + patience)
		if s.settle(s.now) < 0 {
			return errors.New("it never ends")
		}
	case "tick":
		next, ok := s.nextTime()
		if !ok {
			return errNot
		}
		s.advance(next)
	case "lookups": // lookups slow: they take two steps, one to decide and one to tell
		s.slow = arg(1) == "slow"
	case "blank":
		n := s.nodes[arg(3)]
		if n == nil || n.dead || s.blanks[arg(1)] != nil {
			return errNot
		}
		s.blank(arg(1), arg(2), n)
	case "state":
		s.state()
	default:
		return fmt.Errorf("no such command: %s", w[0])
	}

	return nil
}

func (s *sim) speak(what, from, to, text string) error {
	x := s.dir[from]
	if b := s.blanks[from]; b != nil {
		x = b
	}
	if x == nil || x.leaving() {
		return errNot
	}
	kind := map[string]Kind{"send": Message, "clear": Clear, "connect": Connect, "idle": Forget}[what]
	if c := x.with(to); kind == Forget && c != nil && !c.quiet() || kind.Ends() && x.blank {
		return errNot
	}
	s.send(x, to, kind, text)

	return nil
}

func (s *sim) fault(what, name, other string, num func(i, or int) int) error {
	n, m := s.nodes[name], s.nodes[other]
	if n == nil || n.dead {
		return errNot
	}
	switch what {
	case "crash":
		s.crash(n)
	case "cutoff":
		n.cutOff = true
	case "heal":
		n.cutOff = false
	case "slow":
		n.behind = uint64(num(2, 0))
	default:
		if m == nil {
			return errNot
		}
		if what == "cut" {
			s.cut(n, m, num(3, 0))
		} else {
			n.full[wayOf(n, m)] = what == "full"
		}
	}

	return nil
}

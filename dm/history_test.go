package dm_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/dm"
)

// world says what may happen in a random history.
type world struct {
	nodes, users, length int
	faults               bool // nodes crash and freeze, lose their engine or each other
	unruly               bool // callbacks decline, empty, panic and block, clients stall
}

var everybody = strings.Fields("ann bob cat dan eve fay gus hal ida jon kim leo mia ned ora pat quin ray sue tom")

// draw makes up a history.
func (w world) draw(t *rapid.T) (lines []string) {
	do := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	nodes := make([]string, rapid.IntRange(1, w.nodes).Draw(t, "nodes"))
	for i := range nodes {
		nodes[i] = fmt.Sprint("n", i+1)
	}
	do("node %s", strings.Join(nodes, " "))
	users := everybody[:rapid.IntRange(2, w.users).Draw(t, "users")]
	node, user := rapid.SampledFrom(nodes), rapid.SampledFrom(users)
	if rapid.Bool().Draw(t, "jitters") {
		do("jitter %dus %d", rapid.IntRange(1, 20000).Draw(t, "jitter"), rapid.IntRange(0, 9).Draw(t, "seed"))
	}
	if rapid.Bool().Draw(t, "lags") {
		do("lag %dus", rapid.IntRange(1, 5000).Draw(t, "lag"))
	}
	if rapid.Bool().Draw(t, "goodbyes") {
		for _, u := range users[:2] {
			do("farewell %s bye from %s", u, u)
		}
	}
	for _, u := range users {
		do("login %s %s", u, node.Draw(t, "node"))
	}
	clerks := []string{"clerk1", "clerk2", "clerk3"}
	for _, c := range clerks { // servers that send, too, in the name of a user
		do("blank %s %s %s", c, node.Draw(t, "node"), users[0])
	}
	ops := []string{
		"clerk", "clerk", "send", "send", "send", "send", "burst", "send", "send", "burst", "login", "login", "leave", "clear", "connect", "late", "kick",
		"wait", "wait", "wait", "settle", "agree", "disconnect",
	}
	if w.unruly {
		ops = append(ops, "hold", "hold", "release", "release", "decline", "empty", "panic", "slip", "accept", "accept", "stall", "unstall", "full", "roomy")
	}
	if w.faults {
		ops = append(ops, "crash", "cut", "heal", "break", "break", "cutoff", "restore", "freeze", "thaw", "restart", "mend")
	}
	texts := 0
	text := func() string {
		texts++

		return fmt.Sprint("m", texts)
	}
	for range rapid.IntRange(1, w.length).Draw(t, "length") {
		switch op := rapid.SampledFrom(ops).Draw(t, "op"); op {
		case "send", "clear", "late":
			do("%s %s %s %s", op, user.Draw(t, "from"), user.Draw(t, "to"), text())
		case "clerk":
			do("burst %s %s %d %s.", rapid.SampledFrom(clerks).Draw(t, "clerk"), user.Draw(t, "to"), rapid.IntRange(1, 4).Draw(t, "n"), text())
		case "disconnect":
			do("clear %s %s", user.Draw(t, "from"), user.Draw(t, "to"))
		case "burst":
			do("burst %s %s %d %s.", user.Draw(t, "from"), user.Draw(t, "to"), rapid.IntRange(2, 8).Draw(t, "n"), text())
		case "connect":
			do("connect %s %s", user.Draw(t, "from"), user.Draw(t, "to"))
		case "login":
			do("meanwhile login %s %s", user.Draw(t, "user"), node.Draw(t, "node"))
		case "wait":
			do("wait %dus", rapid.SampledFrom([]int{100, 500, 900, 1000, 1100, 2000, 2500, 5000, 20000, 300000, 1000000, 2500000}).Draw(t, "us"))
		case "settle", "agree", "mend":
			do("%s", op)
		case "hold":
			kind := rapid.SampledFrom([]string{"receive", "receive", "message", "clear", "farewell", "outcome"}).Draw(t, "kind")
			do("hold %s %s", user.Draw(t, "user"), kind)
		case "crash", "cutoff", "restore", "freeze", "thaw", "restart":
			do("%s %s", op, node.Draw(t, "node"))
		case "cut", "heal", "break":
			do("%s %s %s", op, node.Draw(t, "a"), node.Draw(t, "b"))
		default: // of a user
			do("%s %s", op, user.Draw(t, "user"))
		}
	}

	return append(lines, "agree")
}

// check plays random histories in virtual time and holds them against the promises. One that fails
// is shrunk and kept.
func (w world) check(t *testing.T) {
	t.Helper()
	var kept string
	defer func() {
		if kept != "" {
			keep(t, kept)
		}
	}()
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.Custom(w.draw).Draw(rt, "history")
		var err error
		synctest.Test(t, func(t *testing.T) { err = relive(t, lines) })
		if err != nil {
			kept = fmt.Sprintf("# %v\n%s\n", err, strings.Join(lines, "\n")) // the last one that fails is the shortest
			rt.Fatal(kept)
		}
	})
}

// histories is where those that have failed are kept. They are played by every run of the tests
// from then on.
const histories = "testdata/histories"

func keep(t *testing.T, history string) {
	t.Helper()
	sum := sha256.Sum256([]byte(history))
	name := filepath.Join(histories, fmt.Sprintf("%x.txt", sum[:4]))
	if err := os.WriteFile(name, []byte(history), 0o644); err != nil {
		t.Error(err)

		return
	}
	t.Logf("the history that failed is kept in %s: give it a name", name)
}

// TestHistoriesThatHaveFailed plays them again. What goroutines do at the same moment has no order:
// so each is played several times.
func TestHistoriesThatHaveFailed(t *testing.T) {
	eachFile(t, histories, func(t *testing.T, _, text string) {
		t.Helper()
		lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(text), "\n"), func(l string) bool {
			return l == "" || strings.HasPrefix(l, "#")
		})
		for range 5 {
			synctest.Test(t, func(t *testing.T) {
				if err := relive(t, lines); err != nil {
					t.Error(err)
				}
			})
		}
	})
}

// relive plays a history.
func relive(t *testing.T, lines []string) (err error) {
	t.Helper()
	s := newStory(t)
	s.history = true
	defer s.stop()
	defer s.mend()
	for i, l := range lines {
		if l == "agree" {
			err = s.agree()
		} else if err = s.do(l); err == errNot { //nolint:errorlint // it is never wrapped
			continue
		}
		if err == nil {
			err = s.check(false)
		}
		if err != nil {
			return fmt.Errorf("line %d, %s: %w", i+1, l, err)
		}
	}
	s.mend() // a login that is under way must not follow when all users have left
	rest(10 * time.Second)
	s.meanwhile.Wait()
	if err := s.quit(); err != nil {
		return fmt.Errorf("in the end: %w", err)
	}

	return nil
}

// agree lets everything settle and compares the two sides of every channel. A notice may have been
// lost with a node, a way or a deadline, or when both sides changed the same thing at the same
// moment: then the next message heals it.
func (s *story) agree() error {
	s.mend()
	rest(10 * time.Second)
	s.meanwhile.Wait()
	if err := s.check(true); err != nil {
		return err
	}
	s.calm.rest()
	for _, p := range s.disagree() {
		if !s.calm.rough && !s.calm.crossed[both(p[0], p[1])] {
			return fmt.Errorf("%s do not agree: %s, %s", both(p[0], p[1]), s.says(p[0]), s.says(p[1]))
		}
		if err := s.mendPair(p); err != nil {
			return err
		}
	}
	s.calm = calm{}

	return nil
}

// mendPair checks that the next message puts both sides of a channel right.
func (s *story) mendPair(p [2]string) error {
	for _, d := range [][2]string{{p[0], p[1]}, {p[1], p[0]}} {
		x := s.live(d[0])
		if x == nil {
			continue
		}
		s.send(x, d[1], fmt.Sprint("heal", s.healed()))
		l := s.letters[len(s.letters)-1]
		rest(5 * time.Second)
		if err := s.check(true); err != nil {
			return err
		}
		if there := s.live(d[1]) != nil; there != (l.outcomes[0] == nil) {
			return fmt.Errorf("%s to %s: %s, and %s is there: %v", l.by.label, l.to, describe(l.outcomes[0]), d[1], there)
		}
		if slices.Contains(s.disagree(), p) && !errors.Is(l.outcomes[0], dm.ErrNodesNotFound) { // a node that is cut off learns nothing
			return fmt.Errorf("%s and %s still do not agree after a message (%s): %s, %s", p[0], p[1],
				describe(l.outcomes[0]), s.says(p[0]), s.says(p[1]))
		}

		return nil
	}

	return nil
}

func (s *story) healed() int {
	s.mu.Lock()
	defer s.mu.Unlock()

	return len(s.letters)
}

// says is what a user's node says of its channels.
func (s *story) says(id string) string {
	x := s.live(id)
	if x == nil {
		return id + " is not there"
	}

	return x.label + " has channels with " + x.channels()
}

func TestAClusterKeepsItsPromisesWhenNothingBreaks(t *testing.T) {
	world{nodes: 4, users: 4, length: 40}.check(t)
}

func TestAClusterKeepsItsPromisesWhenUsersAndCallbacksAreUnruly(t *testing.T) {
	world{nodes: 3, users: 4, length: 60, unruly: true}.check(t)
}

func TestAClusterKeepsItsPromisesWhenNodesAndWaysBreak(t *testing.T) {
	world{nodes: 5, users: 20, length: 80, faults: true, unruly: true}.check(t)
}

func TestAPairKeepsItsPromisesOnAClusterThatBreaks(t *testing.T) {
	world{nodes: 3, users: 2, length: 40, faults: true}.check(t)
}

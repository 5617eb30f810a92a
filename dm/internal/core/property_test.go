package core

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// history is a random story, written down as the script that it is.
type history struct {
	t     *rapid.T
	s     *sim
	lines []string
	hasty bool
}

func (h *history) failf(format string, args ...any) {
	h.t.Helper()
	h.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(h.lines, "\n"))
}

func (h *history) do(format string, args ...any) bool {
	h.t.Helper()
	line := strings.TrimSpace(fmt.Sprintf(format, args...))
	err := h.s.command(strings.Fields(line))
	if err == errNot { //nolint:errorlint // it is never wrapped
		return false
	}
	h.lines = append(h.lines, line)
	if err != nil {
		h.failf("%v", err)
	}
	if err := h.s.check(); err != nil {
		h.failf("%v", err)
	}

	return true
}

// world says what may happen in a history.
type world struct {
	nodes, users int
	faults       bool // nodes crash, paths are lost, queues are full
	hasty        bool // users are forgotten before their farewells are answered
	skew         bool // clocks differ
	forgetful    bool // channels are forgotten all the time, nothing else
	parks        bool // nodes stop and wait for their users to come back elsewhere
	blanks       bool // servers send, too, in the name of users
}

func (w world) check(t *rapid.T) {
	h := &history{t: t, s: newSim(), hasty: w.hasty}
	h.s.each, h.s.slow = w.hasty, rapid.Bool().Draw(t, "slow lookups")
	if h.s.slow {
		h.do("lookups slow")
	}
	nodes := make([]string, rapid.IntRange(1, w.nodes).Draw(t, "nodes"))
	for i := range nodes {
		nodes[i] = fmt.Sprint("n", i+1)
		h.do("node %s", nodes[i])
		if w.skew {
			h.do("slow %s %d", nodes[i], rapid.IntRange(0, 5).Draw(t, "slow"))
		}
	}
	users := []string{"ann", "bob", "cat", "dan", "eve", "fay"}[:rapid.IntRange(2, w.users).Draw(t, "users")]
	node, user := rapid.SampledFrom(nodes), rapid.SampledFrom(users)
	for _, u := range users {
		h.do("login %s %s", u, node.Draw(t, "node"))
	}
	ops := []string{
		"step", "step", "step", "step", "step", "step", "send", "send", "send", "settle", "login", "leave", "clear", "connect", "idle",
		"hold", "release", "release", "decline", "empty", "accept", "tick", "agree",
	}
	if w.forgetful {
		ops = []string{"step", "step", "step", "step", "step", "step", "step", "step", "send", "send", "send", "login", "idle", "idle"}
	}
	if w.faults {
		ops = append(ops, "crash", "cut", "cut", "full", "roomy", "cutoff", "heal", "expire")
	}
	if w.hasty {
		ops = append(ops, "dash")
	}
	if w.parks {
		ops = append(ops, "park", "park")
	}
	blanks := []string{"b1", "b2", "b3", "b4"}
	if w.blanks { // two of one ID on one node, the others elsewhere; that of a connected user, who sends as well
		ops = append(ops, "blanksend", "blanksend", "blanksend", "blanksend", "blankconnect")
	}
	blank := func() string {
		b := rapid.SampledFrom(blanks).Draw(t, "blank")
		h.do("blank %s %s %s", b, users[0], nodes[int(b[1]-'1')*(len(nodes)-1)/(len(blanks)-1)])

		return b
	}
	for n := rapid.IntRange(1, 80).Draw(t, "length"); n > 0; n-- {
		switch op := rapid.SampledFrom(ops).Draw(t, "op"); op {
		case "step":
			if r := h.s.ready(); len(r) > 0 {
				h.do("%s", r[rapid.IntRange(0, len(r)-1).Draw(t, "which")].name)
			}
		case "send", "clear":
			text := fmt.Sprint("m", len(h.s.letters)+1)
			h.do("%s %s %s %s", op, user.Draw(t, "from"), user.Draw(t, "to"), text)
		case "blanksend":
			h.do("send %s %s m%d", blank(), user.Draw(t, "to"), len(h.s.letters)+1)
		case "blankconnect":
			h.do("connect %s %s", blank(), user.Draw(t, "to"))
		case "connect", "idle":
			h.do("%s %s %s", op, user.Draw(t, "from"), user.Draw(t, "to"))
		case "login":
			h.do("login %s %s", user.Draw(t, "user"), node.Draw(t, "node"))
		case "settle", "tick", "expire":
			h.do("%s", op)
		case "agree":
			h.agree()
		case "crash":
			n := node.Draw(t, "node")
			if h.do("crash %s", n) {
				h.do("node %s", n)
			}
		case "cutoff", "heal":
			h.do("%s %s", op, node.Draw(t, "node"))
		case "cut":
			h.do("cut %s %s %d", node.Draw(t, "from"), node.Draw(t, "to"), rapid.IntRange(0, 2).Draw(t, "arrive"))
		case "full", "roomy":
			h.do("%s %s %s", op, node.Draw(t, "from"), node.Draw(t, "to"))
		default: // of a user
			h.do("%s %s", op, user.Draw(t, "user"))
		}
	}
	h.agree()
	h.end()
}

// agree lets everything settle and compares the two sides of every pair.
func (h *history) agree() {
	for u := range h.s.manners {
		h.s.manner(u)
	}
	h.mend()
	h.comeBack()
	h.rest()
	for _, p := range h.s.disagree() {
		if !h.s.tainted[p] && !h.hasty { // an older session that still drains may take the place of a newer one
			h.do("state")
			h.failf("%s and %s do not agree:\n%s", p.a, p.b, h.s.out.String())
		}
		h.heal(p)
	}
	clear(h.s.tainted)
}

// heal checks that after a lost notice the next message puts both sides right.
func (h *history) heal(p pair) {
	for _, d := range [][2]string{{p.a, p.b}, {p.b, p.a}} {
		if !h.do("send %s %s heal", d[0], d[1]) {
			continue
		}
		l := h.s.letters[len(h.s.letters)-1]
		h.rest()
		if want := h.s.dir[d[1]] != nil; want != (l.outcome == Delivered) {
			h.failf("%v from %s to %s ended as %v", l, d[0], d[1], l.outcome)
		}
		for _, q := range h.s.disagree() {
			if q == p {
				h.do("state")
				h.failf("%s and %s still do not agree:\n%s", p.a, p.b, h.s.out.String())
			}
		}

		return
	}
}

// mend ends all that stands in the way.
func (h *history) mend() {
	for _, n := range h.s.nodeNames() {
		h.do("heal %s", n)
		for _, m := range h.s.nodeNames() {
			if h.s.nodes[n].full[n+"->"+m] {
				h.do("roomy %s %s", n, m)
			}
		}
	}
	for _, u := range []string{"ann", "bob", "cat", "dan", "eve", "fay"} {
		if h.s.manners[u] != nil {
			h.do("release %s", u)
			h.do("accept %s", u)
		}
	}
}

// comeBack logs parked users in again.
func (h *history) comeBack() {
	for _, u := range []string{"ann", "bob", "cat", "dan", "eve", "fay"} {
		if x := h.s.dir[u]; x != nil && x.core.Parked() {
			h.do("login %s %s", u, h.s.nodeNames()[0])
		}
	}
}

// rest waits until nothing is under way.
func (h *history) rest() {
	h.do("settle")
	for range 100 {
		if _, more := h.s.nextTime(); !more && len(h.s.queue) == 0 {
			return
		}
		h.do("tick")
		h.do("settle")
	}
	h.failf("it never rests")
}

// end lets all users leave: nothing may stay.
func (h *history) end() {
	for _, u := range []string{"ann", "bob", "cat", "dan", "eve", "fay"} {
		h.do("leave %s", u)
	}
	h.rest()
	if err := h.s.finished(); err != nil {
		h.do("state")
		h.failf("%v\n%s", err, h.s.out.String())
	}
	if len(h.s.dir) > 0 {
		h.failf("the directory still holds %d", len(h.s.dir))
	}
}

func TestTheMachineKeepsItsPromisesWhenNothingBreaks(t *testing.T) {
	rapid.Check(t, world{nodes: 3, users: 3}.check)
}

func TestTheMachineKeepsItsPromisesWhenNodesAndPathsBreak(t *testing.T) {
	rapid.Check(t, world{nodes: 5, users: 6, faults: true}.check)
}

// A user who is forgotten before the farewells are answered can be back, as a stranger, while the
// older session still drains: between the two there is no order, and the older may take the newer's
// place at a peer until the next message.
func TestUsersForgottenBeforeTheirFarewellsLoseNoMessage(t *testing.T) {
	rapid.Check(t, world{nodes: 3, users: 3, faults: true, hasty: true}.check)
}

// Two sessions of a user on nodes whose clocks differ by more than the time between them: the newer
// one's epochs may be the older.
func TestOnlyOrderBetweenSessionsIsLostWhenClocksDiffer(t *testing.T) {
	rapid.Check(t, world{nodes: 3, users: 3, faults: true, skew: true}.check)
}

func TestAPairKeepsItsPromisesWhenNodesAndPathsBreak(t *testing.T) {
	rapid.Check(t, world{nodes: 3, users: 2, faults: true}.check)
}

func TestTheMachineKeepsItsPromisesWhenChannelsAreForgotten(t *testing.T) {
	rapid.Check(t, world{nodes: 3, users: 2, forgetful: true}.check)
}

func TestUsersOfAStoppingNodeComeBackElsewhere(t *testing.T) {
	rapid.Check(t, world{nodes: 3, users: 3, parks: true}.check)
}

func TestUsersOfAStoppingNodeComeBackWhileNodesAndPathsBreak(t *testing.T) {
	rapid.Check(t, world{nodes: 4, users: 4, parks: true, faults: true}.check)
}

func TestBlankUsersOfOneIDSendFromAllNodesAtOnce(t *testing.T) {
	rapid.Check(t, world{nodes: 4, users: 3, blanks: true}.check)
}

func TestBlankUsersSendWhileNodesAndPathsBreak(t *testing.T) {
	rapid.Check(t, world{nodes: 5, users: 4, blanks: true, faults: true}.check)
}

package chaos

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// A judge that finds nothing is worth what it finds in made-up runs.

const second = moment(time.Second)

// scene is a run without processes: alice (u000) writes to bob (u001).
type scene struct {
	*runner

	alice, bob *person
	flow       *flow
	from       *session
}

func newScene(t *testing.T) *scene {
	t.Helper()
	r := &runner{o: Options{Nodes: 3, Clients: 10, Rate: 1, Dir: t.TempDir()}}
	r.cluster = newCluster(&r.o, &loopback{})
	for _, n := range r.cluster.nodes {
		n.log = "/dev/null"
	}
	if err := r.populate(); err != nil {
		t.Fatal(err)
	}
	s := &scene{runner: r, alice: r.persons[0], bob: r.persons[1]}
	s.flow = r.ledger.flow(s.alice, s.bob)
	s.from = s.login(s.alice, 0, second)

	return s
}

func (s *scene) login(p *person, node int, at moment) *session {
	x := &session{who: p, node: s.cluster.nodes[node], dialed: at}
	p.sessions = append(p.sessions, x)
	p.welcomed(x, "")
	x.opened = at

	return x
}

// sends enters a message that takes a millisecond.
func (s *scene) sends(at moment, err error) (number int) {
	number, _ = s.flow.begin(at)
	s.ledger.written(s.from, s.bob.id, appendLetter(number, 0))
	s.flow.finish(number, at.add(time.Millisecond), err)

	return number
}

func (s *scene) comes(to *session, number int) {
	s.ledger.arrived(s.alice.id, to, appendLetter(number, 0))
	s.ledger.handed(s.bob, s.alice.id, appendLetter(number, 0))
}

func (s *scene) wants(t *testing.T, want ...rule) {
	t.Helper()
	report := s.judge()
	if len(report.rules) != len(want) {
		t.Errorf("%v, want %v", report.rules, want)
	}
	for _, r := range want {
		if report.rules[r] == 0 {
			t.Errorf("%v, want %v", report.rules, want)
		}
	}
}

func TestARunInWhichAllArrivesIsFine(t *testing.T) {
	s := newScene(t)
	to := s.login(s.bob, 1, second)
	s.comes(to, s.sends(2*second, nil))
	s.comes(to, s.sends(3*second, nil))
	s.wants(t)
}

func TestAnAcknowledgedMessageThatALivingSessionDoesNotGetIsLost(t *testing.T) {
	s := newScene(t)
	s.login(s.bob, 1, second)
	s.sends(2*second, nil)
	s.wants(t, lost)
}

func TestWhatABrokenConnectionHasNotReadIsNotLostButCounted(t *testing.T) {
	s := newScene(t)
	to := s.login(s.bob, 1, second)
	s.comes(to, s.sends(2*second, nil))
	s.sends(3*second, nil)
	to.end(3*second+1, fateCut)
	if r := s.judge(); !r.OK() || r.taken[fateCut] != 1 {
		t.Errorf("%v, %v", r.rules, r.taken)
	}
}

func TestABrokenConnectionThatHasReadSomethingLaterIsNoExcuse(t *testing.T) {
	s := newScene(t)
	to := s.login(s.bob, 1, second)
	s.sends(2*second, nil)
	s.comes(to, s.sends(3*second, nil))
	to.end(4*second, fateCut)
	s.wants(t, lost)
}

func TestAGoodbyeIsReadLastSoItIsNoExcuse(t *testing.T) {
	s := newScene(t)
	to := s.login(s.bob, 1, second)
	s.sends(2*second, nil)
	to.toldGoodbye(wire.GoodbyeStopping)
	to.end(3*second, fateUnknown)
	s.wants(t, lost)
}

func TestAMessageThatComesAgainIsADuplicate(t *testing.T) {
	s := newScene(t)
	to := s.login(s.bob, 1, second)
	n := s.sends(2*second, nil)
	s.comes(to, n)
	s.comes(to, n)
	s.wants(t, twice)
}

func TestWhatIsReadBeforeAGoodbyeMustBeHandedOverUnlessTheClientHadGivenUp(t *testing.T) {
	s := newScene(t)
	to := s.login(s.bob, 1, second)
	number := s.sends(2*second, nil)
	s.ledger.arrived(s.alice.id, to, appendLetter(number, 0))
	to.toldGoodbye(wire.GoodbyeHeartbeat)
	to.end(forever-1, fateUnknown)
	s.wants(t, notHandedOn)
	to.ended = s.flow.arrivals[0].at
	s.wants(t)
	to.ended = forever - 1
	to.fellSilent()
	s.wants(t)
}

func TestOrderGoesFromOneSessionOfTheRecipientToTheNext(t *testing.T) {
	s := newScene(t)
	older, newer := s.login(s.bob, 1, second), s.login(s.bob, 2, second)
	one, two := s.sends(2*second, nil), s.sends(2*second, nil)
	s.comes(newer, two) // seen first, and that means nothing
	s.comes(older, one)
	s.wants(t)
	three, four := s.sends(3*second, nil), s.sends(3*second, nil)
	s.comes(older, four)
	s.comes(newer, three)
	s.wants(t, reordered)
}

func TestARequestWithoutOutcomeIsFound(t *testing.T) {
	s := newScene(t)
	s.login(s.bob, 1, second)
	s.sends(2*second, errImpatient)
	s.wants(t, noOutcome)
}

func TestNotFoundIsWrongOnlyForWhoIsThere(t *testing.T) {
	s := newScene(t)
	s.sends(2*second, client.ErrUserNotFound) // bob is not there yet
	to := s.login(s.bob, 1, 3*second)
	s.sends(4*second, client.ErrUserNotFound)
	s.wants(t, missed)
	s.cluster.nodes[1].sicken(3 * second)
	s.wants(t)
	to.end(5*second, fateCut)
	s.wants(t)
}

func TestAnUnknownErrorIsAnOutcomeToo(t *testing.T) {
	if got := outcomeOf(errors.New("something"), true); got != otherError {
		t.Error(got)
	}
}

func TestANoticeAboutSomebodyWhoIsThereIsWrong(t *testing.T) {
	s := newScene(t)
	to := s.login(s.bob, 1, second)
	s.alice.notices = append(s.alice.notices, notice{s.bob, 20 * second})
	s.wants(t, mistold)
	to.end(20*second-1, fateCut)
	s.wants(t)
}

func TestANoticeMayBeHeardAMomentAfterTheSessionOnASickNodeHasEnded(t *testing.T) {
	s := newScene(t)
	s.login(s.bob, 1, second)
	s.cluster.nodes[0].sicken(15 * second)
	s.cluster.nodes[0].recover(16 * second)
	s.from.end(20*second-1, fateUnknown)
	s.alice.notices = append(s.alice.notices, notice{s.bob, 20 * second})
	s.wants(t)
	s.from.ended = 18 * second
	s.wants(t, mistold)
}

// logs makes as if all nodes had run, and had written this.
func (s *scene) logs(t *testing.T, lines string) {
	t.Helper()
	for _, n := range s.cluster.nodes {
		n.log, n.process = filepath.Join(t.TempDir(), n.name), &process{}
		if err := os.WriteFile(n.log, []byte(strings.ReplaceAll(lines, "SELF", n.name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryNodeMustHaveHadALinkToEveryOther(t *testing.T) {
	line := func(node string) string {
		return `time=2030-01-01T00:00:00Z level=INFO msg="packets to a node go by a link" self=SELF node=` + node + "#00000000000000ff tls=false\n"
	}
	s := newScene(t)
	s.logs(t, line("n1")+line("n2")+line("n3"))
	s.wants(t)
	s.logs(t, line("n1")+line("n2"))
	s.wants(t, linkless)
	s.o.NoLinks = true
	s.wants(t)
}

func TestWhatNodesSayOfPanicsAndRacesCounts(t *testing.T) {
	s := newScene(t)
	s.o.NoLinks = true
	s.logs(t, "WARNING: DATA RACE\n")
	s.wants(t, nodeTrouble)
}

func TestWhileNATSIsAwaySomethingMustGetThroughByLinks(t *testing.T) {
	s := newScene(t)
	s.cluster.engine = &engine{absent: []span{{2 * second, 10 * second}}}
	to := s.login(s.bob, 1, second)
	s.sends(3*second, client.ErrNodesNotFound)
	s.comes(to, s.sends(11*second, nil))
	s.wants(t, stuck)
	s.comes(to, s.sends(4*second, nil))
	if report := s.judge(); report.byLinks != 1 || report.without[cutOff] != 1 || report.rules[stuck] != 0 {
		t.Errorf("%d by links, %d cut off, %v", report.byLinks, report.without[cutOff], report.rules)
	}
}

func TestAWayThatTwoFaultsCutIsMendedByTheLast(t *testing.T) {
	net := &ways{cut: map[way]bool{}}
	c := newCluster(&Options{Nodes: 3}, net)
	first, err := c.cut([]way{{0, 1}, {1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.cut([]way{{1, 0}})
	if err != nil {
		t.Fatal(err)
	}
	if err := first(); err != nil || net.cut[way{0, 1}] || !net.cut[way{1, 0}] {
		t.Errorf("after the first was undone: %v, %v", err, net.cut)
	}
	if err := second(); err != nil || net.cut[way{1, 0}] {
		t.Errorf("after both were undone: %v, %v", err, net.cut)
	}
}

// ways is a network that only knows what is cut.
type ways struct {
	loopback

	cut map[way]bool
}

func (w *ways) reach(from, to int, ok bool) error {
	w.cut[way{from, to}] = !ok

	return nil
}

func TestANodeThatTheMachineDidNotLetRunMayHaveBeenTakenForDead(t *testing.T) {
	s := newScene(t)
	s.o.NoLinks = true
	s.login(s.bob, 1, second)
	s.alice.notices = append(s.alice.notices, notice{s.bob, 20 * second})
	line := func(gap string) string {
		at := s.ledger.start.Add(20 * time.Second).UTC().Format("2006-01-02T15:04:05.000Z07:00")

		return "time=" + at + ` level=WARN msg="this node did not run for a while; it judges nobody until it has listened again" self=SELF gap=` + gap + "\n"
	}
	s.logs(t, line("600ms"))
	s.wants(t, mistold)
	s.logs(t, line("1.75s"))
	s.wants(t)
}

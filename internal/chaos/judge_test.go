package chaos

import (
	"errors"
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

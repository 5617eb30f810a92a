package chaos

import (
	"context"
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

	alice, bob *user
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
	s := &scene{runner: r, alice: r.users[0], bob: r.users[1]}
	s.flow = r.history.flow(s.alice, s.bob)
	s.from = s.login(s.alice, 0, second)

	return s
}

func (s *scene) login(p *user, node int, at moment) *session {
	x := &session{who: p, node: s.cluster.nodes[node], dialed: at}
	p.sessions = append(p.sessions, x)
	p.welcomed(x, "")
	x.opened = at

	return x
}

// sends enters a message that takes a millisecond.
func (s *scene) sends(at moment, err error) (number int) {
	number, _ = s.flow.begin(at)
	s.history.written(s.from, s.bob.id, appendOp(number, 0))
	s.flow.finish(number, at.add(time.Millisecond), err)

	return number
}

func (s *scene) comes(to *session, number int) {
	s.history.arrived(s.alice.id, to, appendOp(number, 0))
	s.history.handed(s.bob, s.alice.id, appendOp(number, 0))
}

func (s *scene) wants(t *testing.T, want ...rule) {
	t.Helper()
	report := s.check()
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
	if r := s.check(); !r.OK() || r.taken[fateCut] != 1 {
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
	s.history.arrived(s.alice.id, to, appendOp(number, 0))
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

func TestWhatNodesSayOfPanicsAndRacesCounts(t *testing.T) {
	s := newScene(t)
	s.logs(t, "WARNING: DATA RACE\n")
	s.wants(t, nodeTrouble)
}

func TestWhileOnlyConnectionsBreakEveryMessageArrives(t *testing.T) {
	s := newScene(t)
	s.login(s.bob, 1, second)
	s.sends(2*second, client.ErrTimeout)
	s.wants(t)
	s.clean = []span{{second, 3 * second}}
	s.wants(t, unclean)
	s.cluster.nodes[1].sicken(second)
	s.wants(t)
}

func TestASlowRecipientIsNoFailureOfItsConnection(t *testing.T) {
	s := newScene(t)
	s.login(s.bob, 1, second)
	s.clean = []span{{second, 3 * second}}
	s.sends(2*second, client.ErrRecipientBusy)
	s.wants(t)
}

func TestAMessageOfAUserWhoseConnectionBreaksMayFail(t *testing.T) {
	s := newScene(t)
	s.login(s.bob, 1, second)
	s.clean = []span{{second, 3 * second}}
	s.sends(2*second, client.ErrConnectionLost)
	s.from.end(2*second, fateCut)
	s.wants(t)
}

func TestNoticesThatComeTooLateAreFound(t *testing.T) {
	s := newScene(t)
	s.o.KillNotice, s.o.VanishNotice = time.Second, 2*time.Second
	took := []time.Duration{time.Second / 2, 3 * time.Second / 2}
	s.told(fault{vanishes: true}, s.cluster.nodes[0], second, took)
	s.wants(t)
	s.lag.note(second, second+second/2)
	s.told(fault{}, s.cluster.nodes[0], second, took)
	s.wants(t) // the network took the time
	s.told(fault{}, s.cluster.nodes[0], 2*second, took)
	s.wants(t, lateKill)
}

func TestOfAPairWithoutALinkExactlyOneStepsOut(t *testing.T) {
	s := newScene(t)
	for i, n := range s.cluster.nodes {
		n.started, n.ready = i+1, true
	}
	s.cluster.nodes[1].ready = false
	oneSteppedOut(s.runner, s.cluster.nodes[0])
	s.wants(t)
	if s.count.stepped != 1 || s.count.younger != 1 {
		t.Errorf("%d stepped out, %d were the younger", s.count.stepped, s.count.younger)
	}
	s.cluster.nodes[1].ready = true
	oneSteppedOut(s.runner, s.cluster.nodes[0])
	s.wants(t, overlapping)
}

func TestNodesThatNothingBefellStay(t *testing.T) {
	s := newScene(t)
	s.cluster.nodes[2].ready = true
	othersStay(s.runner, s.cluster.nodes[0])
	s.wants(t)
	s.cluster.nodes[2].ready = false
	othersStay(s.runner, s.cluster.nodes[0])
	s.wants(t, overlapping)
}

func TestTheThirdNodeMustNotStepOut(t *testing.T) {
	s := newScene(t)
	for _, n := range s.cluster.nodes {
		n.ready = n.index != 2
	}
	oneSteppedOut(s.runner, s.cluster.nodes[0])
	s.wants(t, overlapping)
}

func TestALoadBalancerPrefersNodesThatAreReady(t *testing.T) {
	c := newCluster(&Options{Nodes: 3}, &loopback{})
	for _, n := range c.nodes {
		n.state = nodeUp
	}
	c.nodes[1].ready = true
	for range 20 {
		if n, _, err := c.pick(0, false, false); err != nil || n != c.nodes[1] {
			t.Fatalf("%v, %v", n, err)
		}
	}
	if n, _, err := c.pick(0, false, true); err != nil || n != c.nodes[0] {
		t.Errorf("a reckless one: %v, %v", n, err)
	}
	c.nodes[1].state = nodeDown
	if n, _, err := c.pick(2, false, false); err != nil || n != c.nodes[2] {
		t.Errorf("none is ready: %v, %v", n, err)
	}
}

func TestWhileTheNetworkDidNotRunNoNodeIsWell(t *testing.T) {
	s := newScene(t)
	s.login(s.bob, 1, second)
	s.sends(10*second, client.ErrUserNotFound)
	s.lag.note(9*second, 9*second+moment(lagEvery))
	s.wants(t, missed)
	s.lag.note(9*second, 10*second)
	s.wants(t)
}

func TestTheLagOfANetworkIsMeasured(t *testing.T) {
	s := newScene(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*lagEvery)
	defer cancel()
	if err := s.lag.watch(ctx, &loopback{}, s.history.now); err != nil {
		t.Fatal(err)
	}
	if s.lag.most < lagEvery/2 {
		t.Errorf("%v", s.lag.most)
	}
}

func TestANodeThatTheMachineDidNotLetRunMayHaveBeenTakenForDead(t *testing.T) {
	s := newScene(t)
	s.login(s.bob, 1, second)
	s.alice.notices = append(s.alice.notices, notice{s.bob, 20 * second})
	line := func(gap string) string {
		at := s.history.start.Add(20 * time.Second).UTC().Format("2006-01-02T15:04:05.000Z07:00")

		return "time=" + at + ` level=WARN msg="this process did not run for a while: it joins the cluster anew and claims its sessions again" node=SELF for=` + gap + "\n"
	}
	s.logs(t, line("600ms"))
	s.wants(t, mistold)
	s.logs(t, line("1.75s"))
	s.wants(t)
}

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

// These tests feed the checker histories with known violations.

const second = moment(time.Second)

// fakeRun is a run without processes: alice (u000) writes to bob (u001).
type fakeRun struct {
	*runner

	alice, bob *user
	flow       *flow
	from       *session
}

func newFakeRun(t *testing.T) *fakeRun {
	t.Helper()
	r := &runner{o: Options{Nodes: 3, Clients: 10, Rate: 1, Dir: t.TempDir()}}
	r.cluster = newCluster(&r.o, &loopback{})
	for _, n := range r.cluster.nodes {
		n.log = "/dev/null"
	}
	if err := r.createUsers(); err != nil {
		t.Fatal(err)
	}
	s := &fakeRun{runner: r, alice: r.users[0], bob: r.users[1]}
	s.flow = r.history.flow(s.alice, s.bob)
	s.from = s.login(s.alice, 0, second)

	return s
}

func (s *fakeRun) login(u *user, node int, at moment) *session {
	x := &session{user: u, node: s.cluster.nodes[node], dialed: at}
	u.sessions = append(u.sessions, x)
	u.welcomed(x, "")
	x.opened = at

	return x
}

// send enters a message that takes a millisecond.
func (s *fakeRun) send(at moment, err error) (number int) {
	number, _ = s.flow.begin(at)
	s.history.written(s.from, s.bob.id, appendOp(number, 0))
	s.flow.finish(number, at.add(time.Millisecond), err)

	return number
}

func (s *fakeRun) receive(to *session, number int) {
	s.history.arrived(s.alice.id, to, appendOp(number, 0))
	s.history.handedOver(s.bob, s.alice.id, appendOp(number, 0))
}

func (s *fakeRun) wantViolations(t *testing.T, want ...rule) {
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

func TestARunInWhichAllMessagesArriveHasNoViolations(t *testing.T) {
	s := newFakeRun(t)
	to := s.login(s.bob, 1, second)
	s.receive(to, s.send(2*second, nil))
	s.receive(to, s.send(3*second, nil))
	s.wantViolations(t)
}

func TestAnAcknowledgedMessageMissingInALiveSessionIsLost(t *testing.T) {
	s := newFakeRun(t)
	s.login(s.bob, 1, second)
	s.send(2*second, nil)
	s.wantViolations(t, lost)
}

func TestAMessageUnreadByABrokenConnectionIsOnlyCounted(t *testing.T) {
	s := newFakeRun(t)
	to := s.login(s.bob, 1, second)
	s.receive(to, s.send(2*second, nil))
	s.send(3*second, nil)
	to.end(3*second+1, causeCut)
	if r := s.check(); !r.OK() || r.unread[causeCut] != 1 {
		t.Errorf("%v, %v", r.rules, r.unread)
	}
}

func TestABrokenConnectionThatReadLaterMessagesIsNoExcuse(t *testing.T) {
	s := newFakeRun(t)
	to := s.login(s.bob, 1, second)
	s.send(2*second, nil)
	s.receive(to, s.send(3*second, nil))
	to.end(4*second, causeCut)
	s.wantViolations(t, lost)
}

func TestASessionThatReadAGoodbyeIsNoExcuse(t *testing.T) {
	s := newFakeRun(t)
	to := s.login(s.bob, 1, second)
	s.send(2*second, nil)
	to.noteGoodbye(wire.GoodbyeStopping)
	to.end(3*second, causeUnknown)
	s.wantViolations(t, lost)
}

func TestAMessageThatComesAgainIsADuplicate(t *testing.T) {
	s := newFakeRun(t)
	to := s.login(s.bob, 1, second)
	n := s.send(2*second, nil)
	s.receive(to, n)
	s.receive(to, n)
	s.wantViolations(t, duplicated)
}

func TestAMessageReadBeforeAGoodbyeMustBeHandedOver(t *testing.T) {
	s := newFakeRun(t)
	to := s.login(s.bob, 1, second)
	number := s.send(2*second, nil)
	s.history.arrived(s.alice.id, to, appendOp(number, 0))
	to.noteGoodbye(wire.GoodbyeHeartbeat)
	to.end(forever-1, causeUnknown)
	s.wantViolations(t, notHandedOver)
	to.ended = s.flow.arrivals[0].at
	s.wantViolations(t)
	to.ended = forever - 1
	to.noteSilence()
	s.wantViolations(t)
}

func TestOrderGoesFromOneSessionOfTheRecipientToTheNext(t *testing.T) {
	s := newFakeRun(t)
	older, newer := s.login(s.bob, 1, second), s.login(s.bob, 2, second)
	one, two := s.send(2*second, nil), s.send(2*second, nil)
	s.receive(newer, two) // seen first, and that means nothing
	s.receive(older, one)
	s.wantViolations(t)
	three, four := s.send(3*second, nil), s.send(3*second, nil)
	s.receive(older, four)
	s.receive(newer, three)
	s.wantViolations(t, reordered)
}

func TestARequestWithoutOutcomeIsFound(t *testing.T) {
	s := newFakeRun(t)
	s.login(s.bob, 1, second)
	s.send(2*second, errNoOutcome)
	s.wantViolations(t, noOutcome)
}

func TestNotFoundIsWrongOnlyForConnectedUsers(t *testing.T) {
	s := newFakeRun(t)
	s.send(2*second, client.ErrUserNotFound) // bob is not there yet
	to := s.login(s.bob, 1, 3*second)
	s.send(4*second, client.ErrUserNotFound)
	s.wantViolations(t, falseNotFound)
	s.cluster.nodes[1].markFaulty(3 * second)
	s.wantViolations(t)
	to.end(5*second, causeCut)
	s.wantViolations(t)
}

func TestAnUnknownErrorIsAnOutcomeToo(t *testing.T) {
	if got := outcomeOf(errors.New("something"), true); got != otherError {
		t.Error(got)
	}
}

func TestANoticeAboutAConnectedUserIsWrong(t *testing.T) {
	s := newFakeRun(t)
	to := s.login(s.bob, 1, second)
	s.alice.notices = append(s.alice.notices, notice{s.bob, 20 * second})
	s.wantViolations(t, falseNotice)
	to.end(20*second-1, causeCut)
	s.wantViolations(t)
}

func TestANoticeMayArriveAfterASessionOnAFaultyNodeHasEnded(t *testing.T) {
	s := newFakeRun(t)
	s.login(s.bob, 1, second)
	s.cluster.nodes[0].markFaulty(15 * second)
	s.cluster.nodes[0].markHealthy(16 * second)
	s.from.end(20*second-1, causeUnknown)
	s.alice.notices = append(s.alice.notices, notice{s.bob, 20 * second})
	s.wantViolations(t)
	s.from.ended = 18 * second
	s.wantViolations(t, falseNotice)
}

// writeLogs makes as if all nodes had run, and had written this.
func (s *fakeRun) writeLogs(t *testing.T, lines string) {
	t.Helper()
	for _, n := range s.cluster.nodes {
		n.log, n.process = filepath.Join(t.TempDir(), n.name), &process{}
		if err := os.WriteFile(n.log, []byte(strings.ReplaceAll(lines, "SELF", n.name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPanicsAndRacesInLogsAreViolations(t *testing.T) {
	s := newFakeRun(t)
	s.writeLogs(t, "WARNING: DATA RACE\n")
	s.wantViolations(t, nodeFailure)
}

func TestWhileOnlyConnectionsBreakEveryMessageArrives(t *testing.T) {
	s := newFakeRun(t)
	s.login(s.bob, 1, second)
	s.send(2*second, client.ErrTimeout)
	s.wantViolations(t)
	s.harmlessSpans = []span{{second, 3 * second}}
	s.wantViolations(t, failedMessage)
	s.cluster.nodes[1].markFaulty(second)
	s.wantViolations(t)
}

func TestASlowRecipientIsNoFailureOfItsConnection(t *testing.T) {
	s := newFakeRun(t)
	s.login(s.bob, 1, second)
	s.harmlessSpans = []span{{second, 3 * second}}
	s.send(2*second, client.ErrRecipientBusy)
	s.wantViolations(t)
}

func TestAMessageOfAUserWhoseConnectionBreaksMayFail(t *testing.T) {
	s := newFakeRun(t)
	s.login(s.bob, 1, second)
	s.harmlessSpans = []span{{second, 3 * second}}
	s.send(2*second, client.ErrConnectionLost)
	s.from.end(2*second, causeCut)
	s.wantViolations(t)
}

func TestNoticesThatComeTooLateAreFound(t *testing.T) {
	s := newFakeRun(t)
	s.o.KillNotice, s.o.VanishNotice = time.Second, 2*time.Second
	took := []time.Duration{time.Second / 2, 3 * time.Second / 2}
	s.checkNoticeDelays(fault{silent: true}, s.cluster.nodes[0], second, took)
	s.wantViolations(t)
	s.lag.add(second, second+second/2)
	s.checkNoticeDelays(fault{}, s.cluster.nodes[0], second, took)
	s.wantViolations(t) // the network took the time
	s.checkNoticeDelays(fault{}, s.cluster.nodes[0], 2*second, took)
	s.wantViolations(t, lateKillNotice)
}

func TestAStarvedNodeCountsAsFaulty(t *testing.T) {
	s := newFakeRun(t)
	s.login(s.bob, 1, second)
	s.alice.notices = append(s.alice.notices, notice{s.bob, 20 * second})
	line := func(gap string) string {
		at := s.history.start.Add(20 * time.Second).UTC().Format("2006-01-02T15:04:05.000Z07:00")

		return "time=" + at + ` level=WARN msg="this process did not run for a while: it joins the cluster anew and claims its sessions again" node=SELF for=` + gap + "\n"
	}
	s.writeLogs(t, line("600ms"))
	s.wantViolations(t, falseNotice)
	s.writeLogs(t, line("1.75s"))
	s.wantViolations(t)
}

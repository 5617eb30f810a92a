package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

func quick(pairs int) Load {
	return Load{Pairs: pairs, Size: 64, Duration: 150 * time.Millisecond, Warmup: 20 * time.Millisecond, Patience: patience}
}

func TestEveryPingThroughTheRelaysHasItsEcho(t *testing.T) {
	sys := relaysHere(t)
	for _, load := range []Load{quick(1), quick(20), {Pairs: 5, Size: 5000, Duration: 100 * time.Millisecond, Patience: patience}} {
		trips, err := (&Setup{}).pingpong(t.Context(), sys, load)
		if err != nil {
			t.Fatal(err)
		}
		plausible(t, trips.RoundTrip)
		if trips.Messages == 0 || trips.RoundTrip.Count > trips.Messages/2+uint64(2*load.Pairs) || trips.PerSecond <= 0 {
			t.Errorf("%+v", trips)
		}
	}
	load := quick(2)
	load.SameNode = true
	if _, err := (&Setup{}).pingpong(t.Context(), sys, load); err != nil {
		t.Error(err)
	}
}

func TestTheLoadsRunAgainstRunningNodes(t *testing.T) {
	s := &Setup{}
	nodes, stop, err := s.instances(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	proto, _ := nodes.proto.(*parleyProtocol)
	running := &Setup{Key: proto.key, PIDs: []int{os.Getpid()}, Responses: true, IdleTime: 50 * time.Millisecond}
	for _, addr := range nodes.addrs {
		running.URLs = append(running.URLs, "tcp://"+addr)
	}
	trips, err := running.PingPong(t.Context(), quick(3))
	if err != nil {
		t.Fatal(err)
	}
	plausible(t, trips.Results.([]RoundTrips)[0].RoundTrip)
	flow, err := running.Rate(t.Context(), quick(3), RateOptions{Rate: 500, Rounds: 1})
	if err != nil {
		t.Fatal(err)
	}
	f := flow.Results.([]OpenLoop)[0]
	plausible(t, f.OneWay)
	if f.Messages != 75 {
		t.Errorf("%d messages in 150 ms at 500/s, want 75", f.Messages)
	}
	first, err := running.FirstMessages(t.Context(), nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range first.Results.([]FirstMessage) {
		plausible(t, found.Delivered)
		plausible(t, found.NotFound)
	}
	logins, err := running.Connect(t.Context(), 30, []int{2})
	if err != nil {
		t.Fatal(err)
	}
	plausible(t, logins.Results.([]Logins)[0].Login)
	if canMeasure {
		memory, err := running.Idle(t.Context(), IdleOptions{Users: 30, Nodes: []int{2}, Settle: 300 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if m := memory.Results.([]Memory)[0]; m.Users != 30 || m.Nodes != 2 || m.Before == 0 || m.After == 0 || m.Logins.Users != 30 || m.RestUsers <= 0 {
			t.Errorf("%+v", m)
		}
	}
	wrong := &Setup{URLs: running.URLs, Key: auth.NewKey()}
	_, err = wrong.PingPong(t.Context(), quick(1))
	wantError(t, err, "goodbye 2001")
}

// ignoreMessages answers a login at a relay and nothing else.
func ignoreMessages(conn net.Conn) {
	hello := make([]byte, relayHeader)
	if _, err := io.ReadFull(conn, hello); err != nil {
		return
	}
	if _, err := conn.Write(hello); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, conn)
}

func TestALostMessageEndsTheRun(t *testing.T) {
	addr := listen(t, ignoreMessages)
	sys := &system{proto: relayProtocol{}, addrs: []string{addr, addr}}
	load := quick(3)
	load.Patience = 50 * time.Millisecond
	_, err := (&Setup{}).pingpong(t.Context(), sys, load)
	wantError(t, err, "a ping was lost: user ")
	_, err = (&Setup{}).openLoop(t.Context(), sys, load, 1000)
	wantError(t, err, "170 of 170 messages are lost")
}

func TestAConnectionThatEndsEndsTheRun(t *testing.T) {
	addr := listen(t, func(conn net.Conn) {
		hello := make([]byte, relayHeader)
		_, _ = io.ReadFull(conn, hello)
		_, _ = conn.Write(hello)
		_, _ = conn.Read(hello)
	})
	sys := &system{proto: relayProtocol{}, addrs: []string{addr}}
	_, err := (&Setup{}).pingpong(t.Context(), sys, quick(1))
	wantError(t, err, "user ")
	_, err = (&Setup{}).openLoop(t.Context(), sys, quick(1), 1000)
	wantError(t, err, "user ")
}

func TestAServerThatAnswersNoLoginIsNamed(t *testing.T) {
	addr := listen(t, func(net.Conn) {})
	for name, p := range protocols() {
		_, err := (&system{proto: p, addrs: []string{addr}}).dial(t.Context(), 0, 1)
		if err == nil {
			t.Errorf("%s: logged in", name)

			continue
		}
		wantError(t, err, "login at "+addr)
	}
}

func TestALoginGivesUpWithItsContext(t *testing.T) {
	addr := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	sys := &system{proto: relayProtocol{}, addrs: []string{addr}}
	if _, err := sys.loginUsers(ctx, 10, func(int) int { return 0 }, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestEachSenderOfARateHasItsOwnPairs(t *testing.T) {
	for _, pairs := range []int{1, 2, 3, 4, 5, 7, 10} {
		senders := min(maxSenders, pairs)
		r := &openLoopRun{pairs: make([]*pair, pairs)}
		owner := map[int]int{}
		var turns []int
		for k := range 4 * pairs {
			i := k % senders
			p := r.pairFor(k, i, senders)
			if o, taken := owner[p]; taken && o != i {
				t.Errorf("%d pairs: senders %d and %d share pair %d", pairs, o, i, p)
			}
			owner[p] = i
			turns = append(turns, p)
		}
		slices.Sort(turns)
		if len(slices.Compact(turns)) != pairs {
			t.Errorf("%d pairs: only %v send", pairs, turns)
		}
	}
}

func TestMistakesAreNamedByTheirFlags(t *testing.T) {
	s := &Setup{}
	for want, f := range map[string]func() (*Report, error){
		"--pairs 0":            func() (*Report, error) { return s.PingPong(t.Context(), Load{Size: 64, Duration: 1}) },
		"--size 7":             func() (*Report, error) { return s.Floor(t.Context(), Load{Pairs: 1, Size: 7, Duration: 1}) },
		"--duration":           func() (*Report, error) { return s.Floor(t.Context(), Load{Pairs: 1, Size: 8}) },
		"--warmup":             func() (*Report, error) { return s.Floor(t.Context(), Load{Pairs: 1, Size: 8, Duration: 1, Warmup: -1}) },
		"--users 0":            func() (*Report, error) { return s.Connect(t.Context(), 0, []int{1}) },
		"--nodes 0":            func() (*Report, error) { return s.Idle(t.Context(), IdleOptions{Users: 1, Nodes: []int{0}, Settle: 1}) },
		"--settle 0s":          func() (*Report, error) { return s.Idle(t.Context(), IdleOptions{Users: 1, Nodes: []int{1}}) },
		"--nodes 65":           func() (*Report, error) { return s.FirstMessages(t.Context(), []int{2, 65}, 1) },
		"--nodes: ":            func() (*Report, error) { return s.FirstMessages(t.Context(), []int{}, 1) },
		"--samples 0":          func() (*Report, error) { return s.FirstMessages(t.Context(), []int{2}, 0) },
		"--nodes 1: between 2": func() (*Report, error) { return s.Notice(t.Context(), NoticeOptions{Nodes: 1, Clients: []int{1}}) },
		"--clients 0":          func() (*Report, error) { return s.Notice(t.Context(), NoticeOptions{Nodes: 2, Clients: []int{0}}) },
		"--clients: ":          func() (*Report, error) { return s.Notice(t.Context(), NoticeOptions{Nodes: 2}) },
		"--url: notice": func() (*Report, error) {
			return (&Setup{URLs: []string{"tcp://h:1"}}).Notice(t.Context(), NoticeOptions{Nodes: 2, Clients: []int{1}})
		},
		"not with --url": func() (*Report, error) {
			return (&Setup{URLs: []string{"tcp://h:1"}}).PingPong(t.Context(), Load{Pairs: 1, Size: 8, Duration: 1, Pinned: true})
		},
		"give one here": func() (*Report, error) {
			return (&Setup{Binaries: []Binary{{Name: "a"}, {Name: "b"}}}).Rate(t.Context(), Load{Pairs: 1, Size: 8, Duration: 1}, RateOptions{Rate: 1, Rounds: 1})
		},
		"--rounds 0": func() (*Report, error) { return s.Compare(t.Context(), CompareOptions{}) },
		"--pairs -1": func() (*Report, error) {
			return s.Compare(t.Context(), CompareOptions{Rounds: 1, Pairs: -1, Size: 8, Duration: 1})
		},
		"--users -1: ": func() (*Report, error) {
			return s.Compare(t.Context(), CompareOptions{Rounds: 1, Pairs: 1, Size: 8, Duration: 1, Users: -1})
		},
	} {
		_, err := f()
		wantError(t, err, want)
	}
	_, err := s.openLoop(t.Context(), &system{}, quick(1), 0)
	wantError(t, err, "--rate 0")
}

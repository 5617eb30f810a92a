package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// messageNote says what a message is.
func (s *Setup) messageNote(size int) string {
	how := "id 0: no response is asked for"
	if s.Ack {
		how = "with an id: the response is read and checked"
	}
	transport := "TCP"
	if s.WebSocket {
		transport = "WebSocket"
	}

	return fmt.Sprintf("a message is request 701 (%s), %d bytes, by %s", how, size, transport)
}

const cpuNote = "a round trip is two messages; CPU is what both servers take for one message, user and kernel time"

// Floor measures the bare relay.
func (s *Setup) Floor(ctx context.Context, load Load) (*Report, error) {
	load, err := load.check()
	if err != nil {
		return nil, err
	}
	sys, err := s.relays(ctx, load.servers())
	if err != nil {
		return nil, err
	}
	defer sys.stop()

	return s.trips(ctx, sys, load, "floor", fmt.Sprintf("the floor: framed messages of %d bytes through bare relays, no names, no answers", load.Size))
}

// PingPong measures round trips between users of Parley.
func (s *Setup) PingPong(ctx context.Context, load Load) (*Report, error) {
	load, err := load.check()
	if err != nil {
		return nil, err
	}
	sys, err := s.parley(ctx, load.servers())
	if err != nil {
		return nil, err
	}
	defer sys.stop()

	return s.trips(ctx, sys, load, "pingpong", s.messageNote(load.Size))
}

func (s *Setup) trips(ctx context.Context, sys *system, load Load, command, note string) (*Report, error) {
	t, err := s.pingpong(ctx, sys, load)
	if err != nil {
		return nil, err
	}
	r := newReport(command, t, note, cpuNote)
	r.Table.Head = latencyHead("round trip", "messages/s", "server CPU")
	name := fmt.Sprintf("%d pairs, %d servers", load.Pairs, len(sys.addrs))
	if load.Pairs == 1 {
		name = fmt.Sprintf("1 pair, %d servers", len(sys.addrs))
	}
	r.Table.add(latencyRow(name, t.RoundTrip, number(t.PerSecond), known(t.ServerCPU, us))...)
	r.Chart = Chart{Title: "Round trip, " + sys.name, Under: name + ", " + strconv.Itoa(load.Size) + " bytes", Curves: []curve{{sys.name, t.hist}}}

	return r, nil
}

// Rate measures messages sent at a stated rate.
func (s *Setup) Rate(ctx context.Context, load Load, rate float64) (*Report, error) {
	load, err := load.check()
	if err != nil {
		return nil, err
	}
	sys, err := s.parley(ctx, load.servers())
	if err != nil {
		return nil, err
	}
	defer sys.stop()
	f, err := s.openLoop(ctx, sys, load, rate)
	if err != nil {
		return nil, err
	}
	r := newReport("rate", f, s.messageNote(load.Size),
		"from when a message was due until it was there (corrected for coordinated omission); the generator's own lateness is part of it")
	r.Table.Head = latencyHead("one way", "messages/s", "server CPU")
	r.Table.add(latencyRow(fmt.Sprintf("%g/s asked, %d pairs", rate, load.Pairs), f.OneWay, number(f.PerSecond), known(f.ServerCPU, us))...)
	r.Table.add(latencyRow("generator late", f.Late, "", known(f.GeneratorCPU, us))...)
	r.Chart = Chart{
		Title: "One way at a stated rate, Parley", Under: fmt.Sprintf("%g messages/s, %d pairs, %d bytes", rate, load.Pairs, load.Size),
		Curves: []curve{{"one way", f.hist}},
	}

	return r, nil
}

// Connect measures logins.
func (s *Setup) Connect(ctx context.Context, users, nodes int) (*Report, error) {
	if err := checkUsers(users); err != nil {
		return nil, err
	}
	if err := checkNodes([]int{nodes}); err != nil {
		return nil, err
	}
	sys, err := s.parley(ctx, nodes)
	if err != nil {
		return nil, err
	}
	defer sys.stop()
	l, lines, err := s.logins(ctx, sys, users)
	closeLines(lines)
	if err != nil {
		return nil, err
	}
	r := newReport("connect", l, fmt.Sprintf("a login is connecting, a signed token, and the welcome; %d at once", min(openAtOnce, users)))
	r.Table.Head = latencyHead("login", "logins/s", "server CPU")
	r.Table.add(latencyRow(fmt.Sprintf("%d users, %d nodes", users, len(sys.addrs)), l.Login, number(l.PerSecond), known(l.ServerCPU, us))...)
	r.Chart = Chart{Title: "Login, Parley", Under: r.Notes[0], Curves: []curve{{"login", l.hist}}}

	return r, nil
}

// Idle measures the memory of users who do nothing.
func (s *Setup) Idle(ctx context.Context, users, nodes int, settle time.Duration) (*Report, error) {
	if err := checkUsers(users); err != nil {
		return nil, err
	}
	if err := checkNodes([]int{nodes}); err != nil {
		return nil, err
	}
	if settle <= 0 {
		return nil, fmt.Errorf("--settle %s: how long memory may take to settle, such as 10s", settle)
	}
	if !canMeasure {
		return nil, errNoMemory
	}
	sys, err := s.parley(ctx, nodes)
	if err != nil {
		return nil, err
	}
	defer sys.stop()
	m, err := s.idle(ctx, sys, users, settle)
	if err != nil {
		return nil, err
	}
	transport := "TCP"
	if s.WebSocket {
		transport = "WebSocket"
	}
	r := newReport("idle", m, "resident memory of the server processes, everything included, divided by the users who came; kernel buffers are not in it")
	r.Table.Head = []string{"idle users", "before", "after", "a user"}
	name := fmt.Sprintf("%d by %s, %d nodes", users, transport, len(sys.addrs))
	r.Table.add(name, bytesOf(float64(m.Before)), bytesOf(float64(m.After)), bytesOf(m.PerUser))
	r.Chart = Chart{Title: "Memory of an idle user", Under: name, Groups: []group{{"resident, KB a user", []bar{{transport, bytesOf(m.PerUser), m.PerUser}}}}}

	return r, nil
}

// First measures first messages against the number of nodes, which are processes or instances in this one.
func (s *Setup) First(ctx context.Context, nodes []int, samples int, processes bool) (*Report, error) {
	if len(s.URLs) > 0 {
		nodes = []int{len(s.URLs)}
	}
	if err := checkFinds(nodes, samples); err != nil {
		return nil, err
	}
	var all []Finding
	for i, n := range nodes {
		sub := s.part(float64(i)/float64(len(nodes)), float64(i+1)/float64(len(nodes)), fmt.Sprintf("%d nodes", n))
		f, err := sub.first(ctx, n, samples, processes)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	where := "nodes in the generator's process"
	if processes || len(s.URLs) > 0 {
		where = "nodes in processes of their own"
	}
	r := newReport("first", all,
		"first: from sending a first message to a user on another node (with 1 node: the same) until it is there; not found: until the answer",
		"one at a time, with nothing else going on; "+where)
	r.Table.Head = []string{"nodes", "count", "first p50", "p90", "p99", "max", "not found p50", "p90", "p99", "max"}
	firsts, missing := group{name: "first message, p50"}, group{name: "not found, p50"}
	for _, f := range all {
		a, b, name := f.First, f.NotFound, strconv.Itoa(f.Nodes)
		r.Table.add(name, strconv.FormatUint(a.Count, 10), us(a.P50), us(a.P90), us(a.P99), us(a.Max), us(b.P50), us(b.P90), us(b.P99), us(b.Max))
		firsts.bars = append(firsts.bars, bar{name + " nodes", us(a.P50), a.P50})
		missing.bars = append(missing.bars, bar{name + " nodes", us(b.P50), b.P50})
	}
	r.Chart = Chart{Title: "First message by number of nodes", Under: r.Notes[1], Groups: []group{firsts, missing}}

	return r, nil
}

func (s *Setup) first(ctx context.Context, nodes, samples int, processes bool) (Finding, error) {
	if processes || len(s.URLs) > 0 {
		sys, err := s.parley(ctx, nodes)
		if err != nil {
			return Finding{}, err
		}
		defer sys.stop()

		return s.find(ctx, sys, samples)
	}
	sys, stop, err := s.instances(ctx, nodes)
	if err != nil {
		return Finding{}, err
	}
	defer stop()

	return s.find(ctx, sys, samples)
}

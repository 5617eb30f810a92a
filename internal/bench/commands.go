package bench

import (
	"context"
	"errors"
	"fmt"
)

// messageNote says what a message is.
func (s *Setup) messageNote(size int) string {
	how := "id 0: no response is asked for"
	if s.Responses {
		how = "with an id: the response is read and checked"
	}

	return fmt.Sprintf("a message is request 701 (%s), %d bytes, by %s", how, size, s.transport())
}

const maxGenerators = 64

const cpuNote = "a round trip is two messages; CPU is what both servers take for one message, user and kernel time"

// Connect measures logins, with each number of nodes.
func (s *Setup) Connect(ctx context.Context, users int, nodes []int) (*Report, error) {
	if err := checkUsers(users); err != nil {
		return nil, err
	}
	if err := checkNodes(nodes); err != nil {
		return nil, err
	}
	all, err := s.loginRuns(ctx, users, nodes)
	if err != nil {
		return nil, err
	}
	r := newReport("connect", all,
		fmt.Sprintf("a login is connecting, a signed token, and the welcome; %d at once, by %s", min(maxConcurrentLogins, users), s.transport()),
		"server CPU: of all nodes together, less their CPU time at rest")
	r.Table.Head = latencyHead("login", "logins/s", "server CPU", "CPU at rest")
	r.Chart = Chart{Title: "Login, Parley", Subtitle: r.Notes[0]}
	for _, l := range all {
		name := fmt.Sprintf("%d users, %s", l.Users, nodeCount(l.Nodes))
		r.Table.add(latencyRow(s.rowName(name, l.Binary), l.Login,
			formatNumber(l.PerSecond), orDash(l.ServerCPU, formatMicros), orDash(l.Rest, formatCPURate))...)
		r.Chart.Curves = append(r.Chart.Curves, curve{s.rowName(nodeCount(l.Nodes), l.Binary), l.hist})
	}

	return r, nil
}

// Idle measures what idle users cost the cluster, for each number of nodes.
func (s *Setup) Idle(ctx context.Context, p IdleOptions) (*Report, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if !canMeasure {
		return nil, errNoMemory
	}
	if s.Generators < 0 || s.Generators > maxGenerators {
		return nil, fmt.Errorf("--generators %d: between 1 and %d are possible", s.Generators, maxGenerators)
	}
	if s.Generators > 1 && len(s.URLs) > 0 && s.Key.Secret() == "" {
		return nil, errors.New("--generators need the secret that signs the tokens of running nodes: give --auth-key")
	}
	all, err := s.idleRuns(ctx, p)
	if err != nil {
		return nil, err
	}
	r := newReport("idle", all,
		idleNote, "resident memory is what the kernel counts for a process, everything included; kernel buffers are not in it")
	r.Table.Head = []string{"idle users", "before", "after", "a user"}
	bars := group{name: "resident, KB a user, all nodes together"}
	for _, m := range all {
		name := s.rowName(fmt.Sprintf("%d by %s, %s", m.Users, m.Transport, nodeCount(m.Nodes)), m.Binary)
		r.Table.add(name, formatKB(float64(m.Before)), formatKB(float64(m.After)), formatKB(m.PerUser))
		bars.bars = append(bars.bars, bar{s.rowName(nodeCount(m.Nodes), m.Binary), formatKB(m.PerUser), m.PerUser})
	}
	r.ExtraTables = append(r.ExtraTables, s.idleTable(all))
	r.Chart = Chart{Title: "Memory of an idle user", Subtitle: fmt.Sprintf("%d by %s", p.Users, s.transport()), Groups: []group{bars}}

	return r, nil
}

// FirstMessages measures first messages against the number of nodes, each a process.
func (s *Setup) FirstMessages(ctx context.Context, nodes []int, samples int) (*Report, error) {
	if len(s.URLs) > 0 {
		nodes = []int{len(s.URLs)}
	}
	if err := checkFirstMessages(nodes, samples); err != nil {
		return nil, err
	}
	all, err := s.firstMessageRuns(ctx, nodes, samples, 1)
	if err != nil {
		return nil, err
	}
	r := newReport("first", all, firstMessageNotes(all)...)
	r.Table = s.firstMessageTable(all)
	firsts, missing := group{name: "first message, p50"}, group{name: "not found, p50"}
	for _, f := range all {
		name := s.rowName(nodeCount(f.Nodes), f.Binary)
		firsts.bars = append(firsts.bars, bar{name, formatMicros(f.Delivered.P50), f.Delivered.P50})
		missing.bars = append(missing.bars, bar{name, formatMicros(f.NotFound.P50), f.NotFound.P50})
	}
	r.Chart = Chart{Title: "First message by number of nodes", Subtitle: r.Notes[1], Groups: []group{firsts, missing}}

	return r, nil
}

// Notice kills a node and measures when the peers of its clients have the notice.
func (s *Setup) Notice(ctx context.Context, k NoticeOptions) (*Report, error) {
	if len(s.URLs) > 0 {
		return nil, errors.New("--url: notice kills a node, so it only works with nodes that it starts")
	}
	if err := k.check(); err != nil {
		return nil, err
	}
	all, err := s.noticeRuns(ctx, k)
	if err != nil {
		return nil, err
	}
	r := newReport("notice", all, noticeNote)
	r.Table = s.noticeTable(all)
	r.Chart = Chart{Title: "From the kill of a node to the notice at the peers of its clients", Subtitle: nodeCount(k.Nodes)}
	for _, n := range all {
		r.Chart.Curves = append(r.Chart.Curves, curve{s.rowName(fmt.Sprintf("%d clients", n.Clients), n.Binary), n.delays})
	}

	return r, nil
}

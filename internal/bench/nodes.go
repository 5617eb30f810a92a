package bench

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/wire"
)

// startAttempts bounds how often a cluster is started anew because another program has taken a
// chosen port.
const startAttempts = 3

// parleyNodes starts n nodes, or uses the nodes that URLs names.
func (s *Setup) parleyNodes(ctx context.Context, n int) (*system, error) {
	if len(s.URLs) > 0 {
		return s.runningNodes()
	}
	for attempt := 1; ; attempt++ {
		sys, err := s.startNodes(ctx, n)
		if err == nil {
			return sys, nil
		}
		if attempt == startAttempts || !strings.Contains(err.Error(), "address already in use") {
			return nil, err
		}
	}
}

// More than maxSimultaneousStarts nodes are started startGap apart: started at once on few
// processors, they time out. 32 of them have started before the first one gives up looking for the
// others (5 s).
const (
	maxSimultaneousStarts = 8
	startGap              = 100 * time.Millisecond
)

// nodePorts are the addresses of one node.
type nodePorts struct{ tcp, http, cluster string }

// startNodes starts n processes at once. All addresses are chosen before: each node is given the
// cluster addresses of all, its own included. A cluster is started when a message gets from each
// node to each other one.
func (s *Setup) startNodes(ctx context.Context, n int) (sys *system, err error) {
	key := auth.NewKey()
	env := []string{"PARLEY_AUTH_KEY=" + key.Secret(), "PARLEY_CLUSTER_SECRET=" + rand.Text(), "PARLEY_LOG_LEVEL=error", "PARLEY_CONFIG="}
	sys = &system{name: s.binaryName(), proto: s.protocol(key)}
	defer func() {
		if err != nil {
			sys.stop()
		}
	}()
	const each = 3
	addrs, err := freeAddrs(ctx, each*n)
	if err != nil {
		return sys, err
	}
	ports := make([]nodePorts, n)
	join := make([]string, n)
	for i := range ports {
		ports[i] = nodePorts{addrs[each*i], addrs[each*i+1], addrs[each*i+2]}
		join[i] = ports[i].cluster
	}
	for i, at := range ports {
		name := "bench-" + strconv.Itoa(i+1)
		args := []string{"serve", "--node", name, "--tcp", at.tcp, "--http", at.http}
		if s.binary.Path == "" { // another version may not know them
			args = append(args, unlimited...)
		}
		if n > 1 {
			args = append(args, "--cluster", at.cluster, "--join", strings.Join(join, ","))
		}
		p, err := s.Self.with(s.binary).launch(name, env, args...)
		if err != nil {
			return sys, err
		}
		p.discardOutput()
		if n > maxSimultaneousStarts {
			sleep(ctx, startGap)
		}
		addr := at.tcp
		if s.WebSocket {
			addr = at.http
		}
		sys.add(p, addr)
		sys.ports = append(sys.ports, at)
	}
	for i, p := range sys.procs {
		s.progress(float64(i)/float64(n), "nodes start")
		if err := p.awaitServing(ctx, ports[i]); err != nil {
			return sys, err
		}
	}

	err = sys.awaitRoutes(ctx)

	return sys, err
}

// unlimited lifts the limits of one address: all clients of a measurement have the same.
var unlimited = []string{"--max-pending", "0", "--address-pending", "0", "--address-open", "0", "--address-logins", "0", "--user-logins", "0"}

// routeTimeout bounds how long a node that is ready may take to reach all others.
const routeTimeout = 30 * time.Second

// awaitRoutes waits until messages get from each node to each other one: nodes that are ready may
// still look for some.
func (s *system) awaitRoutes(ctx context.Context) error {
	if len(s.addrs) < 2 {
		return nil
	}
	asking := s.withResponses("join-")
	conns, err := asking.loginUsers(ctx, len(s.addrs), func(i int) int { return i }, nil)
	if err != nil {
		return s.explain(ctx, err)
	}
	defer closeConns(conns)
	unwatched := context.AfterFunc(ctx, func() { closeConns(conns) })
	defer unwatched()
	for i, from := range conns {
		deadline := time.Now().Add(routeTimeout)
		if err := from.raw.SetReadDeadline(deadline); err != nil {
			return err
		}
		for j, to := range conns {
			if i == j {
				continue
			}
			if err := from.awaitRoute(ctx, to.user, deadline); err != nil {
				return s.explain(ctx, fmt.Errorf("node %d does not reach node %d: %w", i+1, j+1, err))
			}
		}
	}

	return nil
}

// awaitRoute repeats a message until its response is a success.
func (c *conn) awaitRoute(ctx context.Context, user uint32, deadline time.Time) error {
	const again = 20 * time.Millisecond
	c.setRecipient(user, stampSize)
	for {
		err := c.send(0)
		if err == nil {
			err = c.response()
		}
		if _, answered := errors.AsType[*wire.Error](err); !answered || time.Now().After(deadline) {
			return err
		}
		if !sleep(ctx, again) {
			return context.Cause(ctx)
		}
	}
}

// withResponses returns the system with messages that ask for a response. A prefix makes separate
// users; without one the users are the system's own.
func (s *system) withResponses(prefix string) *system {
	p, ok := s.proto.(*parleyProtocol)
	if !ok {
		return s
	}
	asking, proto := *s, *p
	proto.responses = true
	proto.prefix += prefix
	asking.proto = &proto

	return &asking
}

// withLimits is withResponses with users that have the nodes' default limits.
func (s *system) withLimits(prefix string) *system {
	limited := s.withResponses(prefix)
	if p, ok := limited.proto.(*parleyProtocol); ok {
		p.limited = true
	}

	return limited
}

// binaryName is the name of the measured nodes in tables.
func (s *Setup) binaryName() string { return cmp.Or(s.binary.Name, parleyName) }

func (s *Setup) protocol(key auth.Key) *parleyProtocol {
	return &parleyProtocol{key: key, prefix: "bench-" + rand.Text()[:8] + "-", webSocket: s.WebSocket, responses: s.Responses}
}

// runningNodes returns the cluster that URLs names.
func (s *Setup) runningNodes() (*system, error) {
	if !s.Key.CanMint() {
		return nil, errors.New("running nodes need the key that their users' tokens are signed with: give --auth-key")
	}
	proto := s.protocol(s.Key)
	sys := &system{name: parleyName, proto: proto, pids: s.PIDs}
	for i, text := range s.URLs {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "tcp" && u.Scheme != "ws" {
			return nil, fmt.Errorf("--url %s: write tcp://host:port or ws://host:port/ws", text)
		}
		ws := u.Scheme == "ws"
		if i > 0 && ws != proto.webSocket {
			return nil, errors.New("--url: give all of them as tcp:// or all as ws://")
		}
		proto.webSocket = ws
		sys.addrs = append(sys.addrs, u.Host)
	}
	for _, pid := range s.PIDs {
		if _, err := cpuTime(pid); err != nil {
			return nil, fmt.Errorf("--pid %d: %w", pid, err)
		}
	}

	return sys, nil
}

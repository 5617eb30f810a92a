package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

// Setup says with what to measure. The zero value but for Self starts what it needs.
type Setup struct {
	Self Self

	// URLs are running nodes of one cluster, tcp:// or ws://; none: nodes are started. Key signs their users' tokens, and PIDs are their
	// processes if they run on this machine.
	URLs []string
	Key  auth.Key
	PIDs []int

	WebSocket bool // users of Parley connect by WebSocket
	Ack       bool // messages ask for a response

	// Progress is told how much is done, 0 to 1, and what is being done. Nil: nobody is.
	Progress func(done float64, what string)
}

func (s *Setup) progress(done float64, what string) {
	if s.Progress != nil {
		s.Progress(done, what)
	}
}

// part is a Setup whose progress is a part of the whole's.
func (s *Setup) part(from, to float64, name string) *Setup {
	sub := *s
	sub.Progress = func(done float64, what string) { s.progress(from+(to-from)*done, name+": "+what) }

	return &sub
}

// The kinds of servers, as tables name them.
const (
	floorName  = "floor"
	parleyName = "Parley"
	natsName   = "NATS"
)

// loopback is where servers listen, at a port that the system chooses.
const loopback = "127.0.0.1:0"

// system is what is measured: servers of one kind.
type system struct {
	name  string
	proto protocol
	addrs []string // where clients connect, by server
	pids  []int    // of the servers; none: their CPU time and memory are not known
	procs []*process
}

func (s *system) stop() {
	var stops sync.WaitGroup
	for _, p := range s.procs {
		stops.Go(p.stop)
	}
	stops.Wait()
}

// alive returns an error if a server has ended.
func (s *system) alive() error {
	for _, p := range s.procs {
		if err := p.alive(); err != nil {
			return err
		}
	}

	return nil
}

// because is the reason behind a connection's error: perhaps its server has ended.
func (s *system) because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sleep(ctx, restLook) // an end is noticed a moment later than its connections'
	if ended := s.alive(); ended != nil {
		return ended
	}

	return err
}

// cpu is the CPU time of all servers so far; ok: it is known.
func (s *system) cpu() (sum time.Duration, ok bool) {
	for _, pid := range s.pids {
		t, err := cpuTime(pid)
		if err != nil {
			return 0, false
		}
		sum += t
	}

	return sum, len(s.pids) > 0
}

// memory is what all servers hold in memory, in bytes; ok: it is known.
func (s *system) memory() (sum uint64, ok bool) {
	for _, pid := range s.pids {
		m, err := residentMemory(pid)
		if err != nil {
			return 0, false
		}
		sum += m
	}

	return sum, len(s.pids) > 0
}

const (
	restLook = 100 * time.Millisecond
	restMost = 3 * time.Second
)

// rest waits until the servers have nothing left to do of what was before, for some seconds at most.
func (s *system) rest(ctx context.Context) {
	last, ok := s.cpu()
	for end := time.Now().Add(restMost); ok && time.Now().Before(end) && sleep(ctx, restLook); {
		now, _ := s.cpu()
		if now-last <= restLook/10 {
			return
		}
		last = now
	}
}

// sleep returns false if ctx ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s *system) add(p *process, addr string) {
	s.procs = append(s.procs, p)
	s.addrs = append(s.addrs, addr)
	if canMeasure {
		s.pids = append(s.pids, p.cmd.Process.Pid)
	}
}

// relays starts the floor: n bare relays, one or two.
func (s *Setup) relays(ctx context.Context, n int) (*system, error) {
	sys := &system{name: floorName, proto: relayProtocol{}}
	for i := range n {
		args := []string{"bench", "relay"}
		if i > 0 {
			args = append(args, "--join", sys.addrs[0])
		}
		p, said, err := s.Self.start(ctx, "relay "+strconv.Itoa(i+1), nil, args...)
		if err != nil {
			sys.stop()

			return nil, err
		}
		sys.add(p, said["clients"])
	}

	return sys, nil
}

// nats starts n plain NATS servers in one cluster.
func (s *Setup) nats(ctx context.Context, n int) (*system, error) {
	sys := &system{name: natsName, proto: natsProtocol{}}
	var cluster string
	for i := range n {
		name := "nats-" + strconv.Itoa(i+1)
		args := []string{"bench", "nats-server", "--name", name}
		if i > 0 {
			args = append(args, "--join", cluster)
		}
		p, said, err := s.Self.start(ctx, name, nil, args...)
		if err != nil {
			sys.stop()

			return nil, err
		}
		sys.add(p, said["clients"])
		cluster = said["cluster"]
	}

	return sys, nil
}

// parley starts n nodes, or takes those that run.
func (s *Setup) parley(ctx context.Context, n int) (*system, error) {
	if len(s.URLs) > 0 {
		return s.running()
	}
	key := auth.NewKey()
	env := []string{"PARLEY_AUTH_KEY=" + key.Secret(), "PARLEY_CLUSTER_SECRET=" + rand.Text(), "PARLEY_LOG_LEVEL=error", "PARLEY_CONFIG="}
	sys := &system{name: parleyName, proto: s.protocol(key)}
	var join []string
	for i := range n {
		name := "bench-" + strconv.Itoa(i+1)
		args := []string{"serve", "--node", name, "--tcp", loopback, "--http", loopback}
		if n > 1 {
			args = append(args, "--cluster", loopback)
		}
		if i > 0 {
			args = append(args, "--join", strings.Join(join, ","))
		}
		p, said, err := s.Self.start(ctx, name, env, args...)
		if err != nil {
			sys.stop()

			return nil, err
		}
		addr := strings.TrimPrefix(said["clients"], "tcp://")
		if s.WebSocket {
			addr = strings.TrimSuffix(strings.TrimPrefix(said["web"], "ws://"), "/ws")
		}
		sys.add(p, addr)
		join = append(join, said["cluster"])
	}

	return sys, nil
}

func (s *Setup) protocol(key auth.Key) *parleyProtocol {
	return &parleyProtocol{key: key, prefix: "bench-" + rand.Text()[:8] + "-", webSocket: s.WebSocket, ack: s.Ack}
}

// running is the cluster that the URLs name.
func (s *Setup) running() (*system, error) {
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

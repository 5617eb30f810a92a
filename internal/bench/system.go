package bench

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

// Setup selects the servers to measure. With only Self set, servers are started as needed.
type Setup struct {
	Self Self

	// URLs are running nodes of one cluster, tcp:// or ws://; none: nodes are started. Key signs
	// their users' tokens, and PIDs are their processes if they run on this machine.
	URLs []string
	Key  auth.Key
	PIDs []int

	// Binaries are the parley binaries whose nodes are measured, one after another; none: Self
	// alone.
	Binaries []Binary
	binary   Binary // the one to start; zero: Self

	WebSocket bool // users of Parley connect by WebSocket
	Responses bool // messages ask for a response
	// Generators is how many processes hold idle users, each with its own limit of open files; 0
	// and 1: this one does.
	Generators int
	IdleTime   time.Duration // how long CPU at rest is measured; 0: 3 s

	// Progress is called with the share that is done, 0 to 1, and the current step. Nil: no calls.
	Progress func(done float64, what string)
}

// idleTime is how long CPU at rest is measured.
func (s *Setup) idleTime() time.Duration { return cmp.Or(s.IdleTime, defaultIdleTime) }

func (s *Setup) progress(done float64, what string) {
	if s.Progress != nil {
		s.Progress(done, what)
	}
}

// progressPart returns a Setup whose progress covers a part of this Setup's.
func (s *Setup) progressPart(from, to float64, name string) *Setup {
	sub := *s
	sub.Progress = func(done float64, what string) { s.progress(from+(to-from)*done, name+": "+what) }

	return &sub
}

// The kinds of servers, as tables name them.
const (
	machineFloorName = "machine floor"
	goFloorName      = "Go floor"
	parleyName       = "Parley"
	natsName         = "NATS"
)

// loopback is where servers listen, at a port that the system chooses.
const loopback = "127.0.0.1:0"

// system is the system under test: servers of one kind.
type system struct {
	name  string
	proto protocol
	addrs []string // where clients connect, by server
	pids  []int    // of the servers; none: their CPU time and memory are not known
	procs []*process

	ports []nodePorts // of nodes that were started here
	// localAddr is where a user connects from; nil: sourceAddr. It is not used for servers
	// elsewhere.
	localAddr    func(user uint32) net.Addr
	loginsAtOnce int // 0: maxConcurrentLogins
}

func (s *system) stop() {
	var stops sync.WaitGroup
	for _, p := range s.procs {
		stops.Go(p.stop)
	}
	stops.Wait()
}

// checkRunning returns an error if a server has ended.
func (s *system) checkRunning() error {
	for _, p := range s.procs {
		if err := p.checkRunning(); err != nil {
			return err
		}
	}

	return nil
}

// explain returns the cause of a connection's error: the end of ctx, or of a server, or the error
// itself.
func (s *system) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sleep(ctx, idlePoll) // the exit of a process is seen a moment after the end of its connections
	if ended := s.checkRunning(); ended != nil {
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
	idlePoll        = 100 * time.Millisecond
	idleWait        = 3 * time.Second
	defaultIdleTime = 3 * time.Second
)

// awaitIdle waits until the servers use little CPU time, for at most idleWait.
func (s *system) awaitIdle(ctx context.Context) {
	last, ok := s.cpu()
	for end := time.Now().Add(idleWait); ok && time.Now().Before(end) && sleep(ctx, idlePoll); {
		now, _ := s.cpu()
		if now-last <= idlePoll/10 {
			return
		}
		last = now
	}
}

// idleCPU measures the CPU time of all idle servers for d, in milliseconds a second; 0: not known.
func (s *system) idleCPU(ctx context.Context, d time.Duration) float64 {
	cpu, known := s.cpu()
	begin := time.Now()
	sleep(ctx, d)
	after, ok := s.cpu()
	if !known || !ok {
		return 0
	}

	return float64(after-cpu) / float64(time.Since(begin)) * float64(time.Second/time.Millisecond)
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

// startGoFloor starts the Go floor: n bare relays, one or two.
func (s *Setup) startGoFloor(ctx context.Context, n int) (*system, error) {
	return s.startRelays(ctx, goFloorName, n, nil)
}

// startMachineFloor starts the machine's floor. Its relays are never interrupted for the sake of
// other goroutines, because there are none.
func (s *Setup) startMachineFloor(ctx context.Context, n int) (*system, error) {
	return s.startRelays(ctx, machineFloorName, n, []string{"GODEBUG=asyncpreemptoff=1"}, "--loop")
}

func (s *Setup) startRelays(ctx context.Context, name string, n int, env []string, flags ...string) (*system, error) {
	sys := &system{name: name, proto: relayProtocol{}}
	for i := range n {
		args := append([]string{"bench", "relay"}, flags...)
		if i > 0 {
			args = append(args, "--join", sys.addrs[0])
		}
		p, said, err := s.Self.start(ctx, fmt.Sprintf("%s, relay %d", name, i+1), env, args...)
		if err != nil {
			sys.stop()

			return nil, err
		}
		sys.add(p, said["clients"])
	}

	return sys, nil
}

// startNATS starts n plain NATS servers in one cluster.
func (s *Setup) startNATS(ctx context.Context, n int) (*system, error) {
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

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

// CrowdOptions are the parameters of RunCrowd.
type CrowdOptions struct {
	Addrs     []string // of the nodes; user n connects to node n modulo their number
	Key       auth.Key // signs the users' tokens
	Prefix    string   // of the user IDs
	First     int      // number of the first user
	Users     int
	AtOnce    int // logins; 0: maxConcurrentLogins
	WebSocket bool
}

// RunCrowd logs idle users in, announces "ready", and holds their connections until ctx ends. It is
// a process of its own: the limit of open files bounds each process.
func RunCrowd(ctx context.Context, o CrowdOptions, announce func(name, value string)) error {
	if o.First < 0 || o.Users < 1 || len(o.Addrs) == 0 {
		return errors.New("a crowd needs users, and the addresses of nodes")
	}
	sys := &system{addrs: o.Addrs, loginsAtOnce: o.AtOnce, proto: &parleyProtocol{key: o.Key, prefix: o.Prefix, webSocket: o.WebSocket}}
	held := holdIdle(ctx)
	for done := 0; done < o.Users && held.ctx.Err() == nil; done += crowdStep {
		where := func(i int) int { return i % len(o.Addrs) }
		conns, err := sys.loginRange(held.ctx, o.First+done, min(crowdStep, o.Users-done), where, nil) //nolint:contextcheck // inherits ctx
		if err != nil {
			return errors.Join(err, held.release())
		}
		held.add(conns)
	}
	if held.ctx.Err() == nil {
		announce("ready", "")
		<-held.ctx.Done()
	}

	return held.release()
}

// crowdStep is how many users log in before their pings are answered.
const crowdStep = 500

// idleUsers are connections whose pings are answered.
type idleUsers struct {
	ctx   context.Context //nolint:containedctx // ends with that of holdIdle, or when a connection ends
	fail  context.CancelCauseFunc
	stop  atomic.Bool
	conns []*conn
	reads sync.WaitGroup
}

// holdIdle begins to hold idle users, until release.
func holdIdle(ctx context.Context) *idleUsers {
	h := &idleUsers{}
	h.ctx, h.fail = context.WithCancelCause(ctx)

	return h
}

func (h *idleUsers) add(conns []*conn) {
	h.conns = append(h.conns, conns...)
	for _, c := range conns {
		h.reads.Go(func() {
			for {
				if _, err := c.receive(); err != nil {
					if !h.stop.Load() {
						h.fail(fmt.Errorf("an idle %s: %w", c, err))
					}

					return
				}
			}
		})
	}
}

// release closes the connections. It returns an error if one has ended before.
func (h *idleUsers) release() error {
	h.stop.Store(true)
	err := context.Cause(h.ctx)
	h.fail(nil)
	closeConns(h.conns)
	h.reads.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}

	return err
}

// crowds starts processes that log users in, all at once, and waits until all have.
func (s *Setup) crowds(ctx context.Context, sys *system, users int) (all []*process, err error) {
	proto, ok := sys.proto.(*parleyProtocol)
	if !ok {
		return nil, errors.New("crowds are users of Parley")
	}
	defer func() {
		if err != nil {
			stopAll(all)
			all = nil
		}
	}()
	env := []string{"PARLEY_AUTH_KEY=" + proto.key.Secret()}
	for i := range s.Generators {
		first, end := i*users/s.Generators, (i+1)*users/s.Generators
		args := []string{
			"bench", "crowd", "--addr", strings.Join(sys.addrs, ","), "--prefix", proto.prefix,
			"--first", strconv.Itoa(first), "--users", strconv.Itoa(end - first),
			"--at-once", strconv.Itoa(max(maxConcurrentLogins/s.Generators, 1)),
		}
		if proto.webSocket {
			args = append(args, "--ws")
		}
		p, err := s.Self.launch(fmt.Sprintf("generator %d", i+1), env, args...)
		if err != nil {
			return all, err
		}
		all = append(all, p)
	}
	for i, p := range all {
		s.progress(float64(i)/float64(len(all)), "users log in")
		_, err := p.awaitReadyFor(ctx, crowdTimeout)
		p.discardOutput()
		if err != nil {
			for _, later := range all[i+1:] {
				later.discardOutput()
			}

			return all, err
		}
	}

	return all, nil
}

// crowdTimeout is how long the logins of a crowd may take.
const crowdTimeout = 10 * time.Minute

func stopAll(all []*process) {
	var stops sync.WaitGroup
	for _, p := range all {
		stops.Go(p.stop)
	}
	stops.Wait()
}

// measureCrowd is measureMemory with users of other processes.
func (s *Setup) measureCrowd(ctx context.Context, sys *system, users int, settle time.Duration) (m Memory, err error) {
	warm, err := sys.warmUp(ctx, users)
	held := holdIdle(ctx)
	held.add(warm)
	defer func() { err = errors.Join(err, held.release()) }()
	if err != nil {
		return Memory{}, err
	}
	sys.awaitIdle(ctx)
	m = Memory{Binary: sys.name, Nodes: len(sys.addrs), Transport: s.transport(), Users: users}
	m.Logins = Logins{Binary: sys.name, Nodes: len(sys.addrs), Users: users, Rest: sys.idleCPU(ctx, s.idleTime())}
	var ok bool
	if m.Before, ok = sys.memory(); !ok {
		return m, errNoMemory
	}
	cpu, _ := sys.cpu()
	begin := time.Now()
	all, err := s.progressPart(0, .5, "idle").crowds(ctx, sys, users)
	if err != nil {
		return m, sys.explain(ctx, err)
	}
	defer stopAll(all)
	took := time.Since(begin)
	m.Logins.Seconds, m.Logins.PerSecond = took.Seconds(), float64(users)/took.Seconds()
	m.Logins.ServerCPU = sys.loginCPU(ctx, cpu, begin, m.Logins.Rest, users)
	watched := *sys
	watched.procs = append(slices.Clip(watched.procs), all...) // a generator that ends, ends the run
	if m.After, err = s.awaitSteadyMemory(ctx, &watched, settle); err != nil {
		return m, sys.explain(ctx, err)
	}
	m.RestUsers = sys.idleCPU(ctx, s.idleTime())
	m.PerUser = (float64(m.After) - float64(m.Before)) / float64(users)

	return m, watched.checkRunning()
}

package bench

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Memory is the cost of idle users.
type Memory struct {
	Binary    string  `json:"binary"`
	Nodes     int     `json:"nodes"`
	Transport string  `json:"transport"`
	Users     int     `json:"users"`
	Before    uint64  `json:"resident_before"` // bytes, of all nodes together, with one user on each
	After     uint64  `json:"resident_after"`  // with all, once it had settled
	PerUser   float64 `json:"bytes_per_user"`
	Logins    Logins  `json:"logins"`                        // of these users
	RestUsers float64 `json:"rest_with_users_ms_per_second"` // CPU time of all nodes with these users idle; 0: not known
}

// errNoMemory says that memory cannot be measured here.
var errNoMemory = errors.New("the memory of a process is read from /proc, and for running nodes with --pid: not known here")

// steadyTime is how long memory must stay within one percent to count as settled.
const steadyTime = 2 * time.Second

// measureMemory logs users in, waits until the servers' memory has settled, for at most settle, and
// divides the growth by the users. Then it measures the servers' CPU time at rest.
func (s *Setup) measureMemory(ctx context.Context, sys *system, users int, settle time.Duration) (Memory, error) {
	if s.Generators > 1 {
		return s.measureCrowd(ctx, sys, users, settle)
	}
	warm, err := sys.warmUp(ctx, users)
	defer func() { closeConns(warm) }()
	if err != nil {
		return Memory{}, err
	}
	sys.awaitIdle(ctx)
	m := Memory{Binary: sys.name, Nodes: len(sys.addrs), Transport: s.transport(), Users: users}
	var ok bool
	if m.Before, ok = sys.memory(); !ok {
		return m, errNoMemory
	}
	var conns []*conn
	if m.Logins, conns, err = s.progressPart(0, .5, "idle").measureLogins(ctx, sys, users); err != nil {
		return m, err
	}
	held := holdIdle(ctx)
	held.add(slices.Concat(conns, warm))
	m.After, err = s.awaitSteadyMemory(held.ctx, sys, settle) //nolint:contextcheck // inherits ctx
	if err == nil {
		m.RestUsers = sys.idleCPU(held.ctx, s.idleTime()) //nolint:contextcheck // as above
	}
	if ended := held.release(); err == nil {
		err = ended
	}
	if err != nil {
		return m, sys.explain(ctx, err)
	}
	m.PerUser = (float64(m.After) - float64(m.Before)) / float64(users)

	return m, nil
}

// warmUp logs one user in on each node: what a server allocates for its first user is not part of a
// figure. Their numbers begin with first.
func (s *system) warmUp(ctx context.Context, first int) (warm []*conn, err error) {
	for i := range s.addrs {
		c, err := s.dial(ctx, i, uint32(first+i))
		if err != nil {
			return warm, err
		}
		warm = append(warm, c)
	}

	return warm, nil
}

// awaitSteadyMemory waits until the servers' memory is steady, and returns it in bytes.
func (s *Setup) awaitSteadyMemory(ctx context.Context, sys *system, most time.Duration) (uint64, error) {
	last, ok := sys.memory()
	since := time.Now()
	for begin := since; ok && time.Since(begin) < most && time.Since(since) < steadyTime; {
		s.progress(.5+.5*float64(time.Since(begin))/float64(most), "memory settles")
		if !sleep(ctx, checkInterval) {
			return 0, context.Cause(ctx)
		}
		if err := sys.checkRunning(); err != nil {
			return 0, err
		}
		var now uint64
		if now, ok = sys.memory(); float64(now) > 1.01*float64(last) || float64(now) < .99*float64(last) {
			last, since = now, time.Now()
		}
	}
	if now, ok := sys.memory(); ok {
		return now, nil
	}

	return 0, errNoMemory
}

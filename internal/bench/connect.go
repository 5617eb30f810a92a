package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Logins is the result of measuring many logins.
type Logins struct {
	Binary    string  `json:"binary"`
	Nodes     int     `json:"nodes"`
	Users     int     `json:"users"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"logins_per_second"`
	Login     Latency `json:"login"`              // from connecting until the welcome
	ServerCPU float64 `json:"server_cpu_us"`      // a login, of all nodes together, rest taken off; 0: not known
	Rest      float64 `json:"rest_ms_per_second"` // CPU time of all nodes with no users; 0: not known

	hist *hdrhistogram.Histogram
}

const maxUsers = 1 << 20

func checkUsers(users int) error {
	if users < 1 || users > maxUsers {
		return fmt.Errorf("--users %d: between 1 and %d are possible", users, maxUsers)
	}

	return nil
}

// loginCPUTail is how long after the last welcome the servers' CPU time still counts for the
// logins.
const loginCPUTail = 500 * time.Millisecond

// measureLogins logs users in, spread evenly over all servers, as fast as they come in. What the
// servers take at rest is measured before, and taken off.
func (s *Setup) measureLogins(ctx context.Context, sys *system, users int) (l Logins, conns []*conn, err error) {
	sys.awaitIdle(ctx)
	s.progress(0, "servers rest")
	l = Logins{Binary: sys.name, Nodes: len(sys.addrs), Users: users, Rest: sys.idleCPU(ctx, s.idleTime())}
	cpu, known := sys.cpu()
	begin := time.Now()
	conns, times, err := s.loginTimed(ctx, sys, users)
	if err != nil {
		return l, nil, sys.explain(ctx, err)
	}
	took := time.Since(begin)
	l.Seconds, l.PerSecond, l.hist = took.Seconds(), float64(users)/took.Seconds(), times.merged()
	l.Login = latencyOf(l.hist)
	if known {
		l.ServerCPU = sys.loginCPU(ctx, cpu, begin, l.Rest, users)
	}

	return l, conns, ctx.Err()
}

// loginCPU is the CPU time in microseconds of each login since begin, when all servers had taken
// cpu; 0: not known. Their CPU time at rest is taken off.
func (s *system) loginCPU(ctx context.Context, cpu time.Duration, begin time.Time, rest float64, users int) float64 {
	sleep(ctx, loginCPUTail)
	after, ok := s.cpu()
	if !ok {
		return 0
	}
	const restUnit = float64(time.Second / time.Millisecond)
	spent := float64(after-cpu) - rest/restUnit*float64(time.Since(begin))

	return max(spent, 0) / float64(time.Microsecond) / float64(users)
}

// loginTimed logs the users in, records how long each login took, and reports progress.
func (s *Setup) loginTimed(ctx context.Context, sys *system, users int) ([]*conn, recorders, error) {
	times := newRecorders(1)
	done := make(chan struct{}, users)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		for n := 1; n <= users; n++ {
			if _, more := <-done; !more {
				return
			}
			s.progress(float64(n)/float64(users), "users log in")
		}
	}()
	conns, err := sys.loginUsers(ctx, users, func(i int) int { return i % len(sys.addrs) }, func(took time.Duration) {
		times.forWorker(0).add(took)
		done <- struct{}{}
	})
	close(done)
	<-shown

	return conns, times, err
}

// loginRuns measures logins with each binary and each number of nodes.
func (s *Setup) loginRuns(ctx context.Context, users int, nodes []int) ([]Logins, error) {
	var all []Logins
	runs := s.clusterRuns(nodes)
	for i, r := range runs {
		l, err := func() (Logins, error) {
			sys, err := r.setup.parleyNodes(ctx, r.nodes)
			if err != nil {
				return Logins{}, err
			}
			defer sys.stop()
			l, conns, err := s.progressStep(i, len(runs), r.title()).measureLogins(ctx, sys, users)
			closeConns(conns)

			return l, err
		}()
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}

	return all, nil
}

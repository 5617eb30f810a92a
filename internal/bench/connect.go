package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Logins is what many logins have shown.
type Logins struct {
	Users     int     `json:"users"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"logins_per_second"`
	Login     Latency `json:"login"`         // from connecting until the welcome
	ServerCPU float64 `json:"server_cpu_us"` // a login; 0: not known

	hist *hdrhistogram.Histogram
}

const mostUsers = 1 << 20

func checkUsers(users int) error {
	if users < 1 || users > mostUsers {
		return fmt.Errorf("--users %d: between 1 and %d are possible", users, mostUsers)
	}

	return nil
}

// logins logs users in, spread over all servers, as fast as they come in.
func (s *Setup) logins(ctx context.Context, sys *system, users int) (l Logins, lines []*line, err error) {
	times := newRecorders(1)
	sys.rest(ctx)
	cpu, known := sys.cpu()
	begin := time.Now()
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
	lines, err = sys.crowd(ctx, users, func(i int) int { return i % len(sys.addrs) }, func(took time.Duration) {
		times.of(0).add(took)
		done <- struct{}{}
	})
	close(done)
	<-shown
	if err != nil {
		return l, nil, err
	}
	took := time.Since(begin)
	l = Logins{Users: users, Seconds: took.Seconds(), PerSecond: float64(users) / took.Seconds(), hist: times.merged()}
	l.Login = latencyOf(l.hist)
	if after, ok := sys.cpu(); ok && known {
		l.ServerCPU = micros(after-cpu) / float64(users)
	}

	return l, lines, nil
}

package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// RoundTrips is the result of a ping-pong.
type RoundTrips struct {
	Name      string  `json:"name"`
	Servers   int     `json:"servers"`
	RoundTrip Latency `json:"round_trip"`
	Messages  uint64  `json:"messages"` // two a round trip
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"messages_per_second"`
	// CPU microseconds a message; 0: not known.
	ServerCPU    float64 `json:"server_cpu_us"`
	GeneratorCPU float64 `json:"generator_cpu_us"`
	Counts       *Counts `json:"counts,omitempty"` // nil: not asked for

	hist *hdrhistogram.Histogram
}

// pingpong runs a closed loop with each pair.
func (s *Setup) pingpong(ctx context.Context, sys *system, load Load) (RoundTrips, error) {
	s.progress(0, fmt.Sprintf("%d users log in", 2*load.Pairs))
	pairs, err := sys.pairs(ctx, load)
	if err != nil {
		return RoundTrips{}, err
	}
	g := &pingPong{pairs: pairs, load: load, start: time.Now(), times: newRecorders(len(pairs))}
	g.ctx, g.fail = context.WithCancelCause(ctx)
	defer g.fail(nil)
	unwatched := context.AfterFunc(g.ctx, func() { closePairs(pairs) }) //nolint:contextcheck // the run's own: its end needs no caller
	defer unwatched()
	for i, p := range pairs {
		g.echoes.Go(func() { g.echo(p) })
		g.pings.Go(func() { g.ping(p, g.times.forWorker(i)) })
	}
	trips, err := g.measure(s, sys)
	g.stopping.Store(true)
	if err != nil {
		g.fail(err)
	}
	done := make(chan struct{})
	go func() {
		g.pings.Wait() // each ends with its last ping answered
		close(done)
	}()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		case <-time.After(checkInterval):
			g.checkLost()
		}
	}
	err = context.Cause(g.ctx) //nolint:contextcheck // the run's own, which says why it failed
	closePairs(pairs)
	g.echoes.Wait()
	if err != nil {
		err = sys.explain(ctx, err)
	}

	return trips, err
}

// pingPong is a closed loop: each pair has one message under way.
type pingPong struct {
	pairs []*pair
	load  Load
	start time.Time
	times recorders // by pair

	ctx            context.Context //nolint:containedctx // of the run, which this is
	fail           context.CancelCauseFunc
	primedPairs    atomic.Int64 // pairs whose messages get through
	recording      atomic.Bool  // times are recorded
	stopping       atomic.Bool
	lastCheck      int64 // when watch last looked
	generatorStall int64 // how long it could not, altogether
	pings, echoes  sync.WaitGroup
}

func (g *pingPong) now() int64 { return int64(time.Since(g.start)) + 1 } // never 0

// ending reports whether the run is stopping, so that errors of connections are expected.
func (g *pingPong) ending() bool { return g.stopping.Load() || g.ctx.Err() != nil }

func (g *pingPong) echo(p *pair) {
	for {
		at, err := p.b.receive()
		if err == nil {
			err = p.b.send(at)
		}
		if err != nil {
			if !g.ending() {
				g.fail(fmt.Errorf("%s: %w", p.b, err))
			}

			return
		}
	}
}

func (g *pingPong) ping(p *pair, times *recorder) {
	if err := g.prime(p); err != nil {
		g.fail(fmt.Errorf("%s: %w", p.a, err))

		return
	}
	g.primedPairs.Add(1)
	for !g.ending() {
		at := g.now()
		p.sentAt.Store(at)
		err := p.a.send(uint64(at))
		for echoed := uint64(0); err == nil && echoed != uint64(at); {
			if echoed, err = p.a.receive(); echoed > uint64(at) {
				err = fmt.Errorf("an echo of what was never sent: %d", echoed)
			}
		}
		if err != nil {
			g.fail(fmt.Errorf("%s: a ping was not answered: %w", p.a, err))

			return
		}
		if g.recording.Load() {
			times.add(time.Duration(g.now() - at))
		}
		p.sentAt.Store(0)
		p.roundTrips.Add(1)
	}
}

// primeInterval is the first wait before an unanswered first ping is repeated; it doubles each
// time, so that slow servers are not flooded.
const primeInterval = 50 * time.Millisecond

// prime repeats the first ping until it gets through, for protocols with asyncRouting.
func (g *pingPong) prime(p *pair) error {
	if !p.a.protocol.asyncRouting() {
		return nil
	}
	deadline := time.Now().Add(g.load.Patience)
	for again := primeInterval; ; again *= 2 {
		if err := p.a.send(0); err != nil {
			return err
		}
		if err := p.a.raw.SetReadDeadline(time.Now().Add(again)); err != nil {
			return err
		}
		_, err := p.a.receive()
		if err == nil {
			return p.a.raw.SetReadDeadline(time.Time{})
		}
		if time.Now().After(deadline) || g.ending() {
			return fmt.Errorf("the first message does not get through: %w", err)
		}
	}
}

// checkInterval is how often a run checks for lost messages and ended servers.
const checkInterval = 100 * time.Millisecond

func (g *pingPong) roundTrips() (n uint64) {
	for _, p := range g.pairs {
		n += p.roundTrips.Load()
	}

	return n
}

// sentBefore reports whether a ping sent before end is still under way.
func (g *pingPong) sentBefore(end int64) bool {
	for _, p := range g.pairs {
		if at := p.sentAt.Load(); at > 0 && at <= end {
			return true
		}
	}

	return false
}

// checkLost fails the run if a ping has been under way for too long, less the time in which the
// generator itself did not run.
func (g *pingPong) checkLost() {
	now := g.now()
	gap := now - g.lastCheck
	g.lastCheck = now
	if gap > int64(10*checkInterval) {
		g.generatorStall += gap
	}
	for _, p := range g.pairs {
		if at := p.sentAt.Load(); at > 0 && now-at-g.generatorStall > int64(g.load.Patience) {
			g.fail(fmt.Errorf("a ping was lost: %s has had no echo for %s", p.a, g.load.Patience))

			return
		}
	}
}

// runFor waits for d while it checks for lost pings and ended servers.
func (g *pingPong) runFor(d time.Duration, sys *system, told func(done float64)) error {
	for begin := time.Now(); ; {
		left := d - time.Since(begin)
		if left <= 0 {
			return nil
		}
		if !sleep(g.ctx, min(left, checkInterval)) {
			return context.Cause(g.ctx)
		}
		g.checkLost()
		if g.ctx.Err() != nil {
			return context.Cause(g.ctx)
		}
		if err := sys.checkRunning(); err != nil {
			return err
		}
		told(float64(time.Since(begin)) / float64(d))
	}
}

func (g *pingPong) measure(s *Setup, sys *system) (RoundTrips, error) {
	for g.primedPairs.Load() < int64(len(g.pairs)) { // a pair without a route fails the run
		if err := g.runFor(checkInterval/10, sys, func(float64) { s.progress(0, "first messages") }); err != nil {
			return RoundTrips{}, err
		}
	}
	const warm = .2 // of the progress
	if err := g.runFor(g.load.Warmup, sys, func(done float64) { s.progress(warm*done, "warm-up") }); err != nil {
		return RoundTrips{}, err
	}
	var count *counter
	if g.load.Counts {
		count = newCounter(g.ctx, sys)
		defer count.stop()
		if err := count.begin(); err != nil {
			return RoundTrips{}, err
		}
	}
	serverCPU, known := sys.cpu()
	ownCPU, _ := cpuTime(pid())
	before, begin := g.roundTrips(), time.Now()
	g.recording.Store(true)
	if err := g.runFor(g.load.Duration, sys, func(done float64) { s.progress(warm+(1-warm)*done, "measuring") }); err != nil {
		return RoundTrips{}, err
	}
	g.recording.Store(false)
	took := time.Since(begin)
	t := RoundTrips{Name: sys.name, Servers: len(sys.addrs), Messages: 2 * (g.roundTrips() - before), Seconds: took.Seconds(), hist: g.times.merged()}
	t.RoundTrip = latencyOf(t.hist)
	t.PerSecond = float64(t.Messages) / t.Seconds
	if t.Messages == 0 {
		return t, fmt.Errorf("not one round trip in %s: measure for longer", g.load.Duration)
	}
	if after, ok := sys.cpu(); ok && known {
		t.ServerCPU = micros(after-serverCPU) / float64(t.Messages)
	}
	if count != nil {
		counts, err := count.end()
		if err != nil {
			return t, err
		}
		t.Counts = counts.dividedBy(t.Messages)
	}
	if after, err := cpuTime(pid()); err == nil {
		t.GeneratorCPU = micros(after-ownCPU) / float64(t.Messages)
	}

	for end := g.now(); g.sentBefore(end); { // a lost ping fails the run
		if err := g.runFor(checkInterval/10, sys, func(float64) { s.progress(1, "the last echoes") }); err != nil {
			return RoundTrips{}, err
		}
	}

	return t, nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

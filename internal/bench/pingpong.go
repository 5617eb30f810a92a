package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Load says how much to do.
type Load struct {
	Pairs    int
	Size     int           // bytes of a message, at least 8
	Duration time.Duration // measured
	Warmup   time.Duration // before that
	SameNode bool          // both users of a pair on one node
	Pinned   bool          // all processes on one processor, where that is possible
	Patience time.Duration // after which a message counts as lost; 0: 5 s
}

const (
	defaultPatience = 5 * time.Second
	mostPairs       = relayUsers / 2
	mostSize        = 60 << 10 // a message has to fit Parley's default limit
)

func (l Load) check() (Load, error) {
	switch {
	case l.Pairs < 1 || l.Pairs > mostPairs:
		return l, fmt.Errorf("--pairs %d: between 1 and %d are possible", l.Pairs, mostPairs)
	case l.Size < stampSize || l.Size > mostSize:
		return l, fmt.Errorf("--size %d: between %d and %d bytes are possible (the first %d are a time stamp)", l.Size, stampSize, mostSize, stampSize)
	case l.Duration <= 0:
		return l, fmt.Errorf("--duration %s: how long to measure, such as 5s", l.Duration)
	case l.Warmup < 0:
		return l, fmt.Errorf("--warmup %s: a time, such as 1s", l.Warmup)
	}
	if l.Patience == 0 {
		l.Patience = defaultPatience
	}

	return l, nil
}

func (l Load) servers() int {
	if l.SameNode {
		return 1
	}

	return 2
}

// Trips is what a ping-pong has shown.
type Trips struct {
	Name      string  `json:"name"`
	Servers   int     `json:"servers"`
	RoundTrip Latency `json:"round_trip"`
	Messages  uint64  `json:"messages"` // two a round trip
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"messages_per_second"`
	// CPU microseconds a message; 0: not known.
	ServerCPU    float64 `json:"server_cpu_us"`
	GeneratorCPU float64 `json:"generator_cpu_us"`

	hist *hdrhistogram.Histogram
}

// pair is two users: one sends, the other sends back.
type pair struct {
	a, b  *line
	since atomic.Int64  // when the ping under way left, ns since the run began; 0: none is
	trips atomic.Uint64 // done
}

// pingpong runs a closed loop with each pair.
func (s *Setup) pingpong(ctx context.Context, sys *system, load Load) (Trips, error) {
	s.progress(0, fmt.Sprintf("%d users log in", 2*load.Pairs))
	pairs, err := sys.pairs(ctx, load)
	if err != nil {
		return Trips{}, err
	}
	g := &game{pairs: pairs, load: load, begin: time.Now(), times: newRecorders(len(pairs))}
	g.ctx, g.fail = context.WithCancelCause(ctx)
	defer g.fail(nil)
	unwatched := context.AfterFunc(g.ctx, func() { closePairs(pairs) }) //nolint:contextcheck // the run's own: its end needs no caller
	defer unwatched()
	for i, p := range pairs {
		g.echoes.Go(func() { g.echo(p) })
		g.pings.Go(func() { g.ping(p, g.times.of(i)) })
	}
	trips, err := g.measure(s, sys)
	g.stop.Store(true)
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
		case <-time.After(look):
			g.watch()
		}
	}
	err = context.Cause(g.ctx) //nolint:contextcheck // the run's own, which says why it failed
	closePairs(pairs)
	g.echoes.Wait()
	if err != nil {
		err = sys.because(ctx, err)
	}

	return trips, err
}

func closePairs(pairs []*pair) {
	for _, p := range pairs {
		p.a.close()
		p.b.close()
	}
}

// pairs logs the users in and gives each its recipient. User 2n and user 2n+1 are a pair. On two
// servers, half of the pairs have their first user on the first one, so that both have the same to
// do.
func (s *system) pairs(ctx context.Context, load Load) ([]*pair, error) {
	servers := len(s.addrs)
	where := func(i int) int {
		if load.SameNode {
			return i / 2 % servers
		}

		return (i/2 + i%2) % servers
	}
	lines, err := s.crowd(ctx, 2*load.Pairs, where, nil)
	if err != nil {
		return nil, err
	}
	pairs := make([]*pair, load.Pairs)
	for i := range pairs {
		a, b := lines[2*i], lines[2*i+1]
		a.aim(b.user, load.Size)
		b.aim(a.user, load.Size)
		pairs[i] = &pair{a: a, b: b}
	}

	return pairs, nil
}

// game is a ping-pong under way.
type game struct {
	pairs []*pair
	load  Load
	begin time.Time
	times recorders // by pair

	ctx           context.Context //nolint:containedctx // of the run, which this is
	fail          context.CancelCauseFunc
	primed        atomic.Int64 // pairs whose messages get through
	counts        atomic.Bool  // times are recorded
	stop          atomic.Bool
	looked        int64 // when watch last looked
	stalled       int64 // how long it could not, altogether
	pings, echoes sync.WaitGroup
}

func (g *game) now() int64 { return int64(time.Since(g.begin)) + 1 } // never 0

// over tells whether an error is the end of the run and not its failure.
func (g *game) over() bool { return g.stop.Load() || g.ctx.Err() != nil }

func (g *game) echo(p *pair) {
	for {
		at, err := p.b.receive()
		if err == nil {
			err = p.b.send(at)
		}
		if err != nil {
			if !g.over() {
				g.fail(fmt.Errorf("%s: %w", p.b, err))
			}

			return
		}
	}
}

func (g *game) ping(p *pair, times *recorder) {
	if err := g.prime(p); err != nil {
		g.fail(fmt.Errorf("%s: %w", p.a, err))

		return
	}
	g.primed.Add(1)
	for !g.over() {
		at := g.now()
		p.since.Store(at)
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
		if g.counts.Load() {
			times.add(time.Duration(g.now() - at))
		}
		p.since.Store(0)
		p.trips.Add(1)
	}
}

// primeAgain is after how long a first ping is repeated that got no echo; then after twice as long,
// and so on: servers that are merely slow are not to be flooded.
const primeAgain = 50 * time.Millisecond

// prime repeats the first ping until it gets through, with servers that cannot tell when it will.
func (g *game) prime(p *pair) error {
	if !p.a.proto.unsure() {
		return nil
	}
	deadline := time.Now().Add(g.load.Patience)
	for again := primeAgain; ; again *= 2 {
		if err := p.a.send(0); err != nil {
			return err
		}
		if err := p.a.conn.SetReadDeadline(time.Now().Add(again)); err != nil {
			return err
		}
		_, err := p.a.receive()
		if err == nil {
			return p.a.conn.SetReadDeadline(time.Time{})
		}
		if time.Now().After(deadline) || g.over() {
			return fmt.Errorf("the first message does not get through: %w", err)
		}
	}
}

// look is how often a run looks at itself.
const look = 100 * time.Millisecond

func (g *game) trips() (n uint64) {
	for _, p := range g.pairs {
		n += p.trips.Load()
	}

	return n
}

// behind tells whether a ping that was sent before that time is still under way.
func (g *game) behind(end int64) bool {
	for _, p := range g.pairs {
		if at := p.since.Load(); at > 0 && at <= end {
			return true
		}
	}

	return false
}

// watch fails the run if a ping has been under way for too long, unless the generator itself has
// not run.
func (g *game) watch() {
	now := g.now()
	gap := now - g.looked
	g.looked = now
	if gap > int64(10*look) {
		g.stalled += gap
	}
	for _, p := range g.pairs {
		if at := p.since.Load(); at > 0 && now-at-g.stalled > int64(g.load.Patience) {
			g.fail(fmt.Errorf("a ping was lost: %s has had no echo for %s", p.a, g.load.Patience))

			return
		}
	}
}

// spend lets the run go on for a time.
func (g *game) spend(d time.Duration, sys *system, told func(done float64)) error {
	for begin := time.Now(); ; {
		left := d - time.Since(begin)
		if left <= 0 {
			return nil
		}
		if !sleep(g.ctx, min(left, look)) {
			return context.Cause(g.ctx)
		}
		g.watch()
		if g.ctx.Err() != nil {
			return context.Cause(g.ctx)
		}
		if err := sys.alive(); err != nil {
			return err
		}
		told(float64(time.Since(begin)) / float64(d))
	}
}

func (g *game) measure(s *Setup, sys *system) (Trips, error) {
	for g.primed.Load() < int64(len(g.pairs)) { // a pair that never is fails the run
		if err := g.spend(look/10, sys, func(float64) { s.progress(0, "first messages") }); err != nil {
			return Trips{}, err
		}
	}
	const warm = .2 // of the progress
	if err := g.spend(g.load.Warmup, sys, func(done float64) { s.progress(warm*done, "warm-up") }); err != nil {
		return Trips{}, err
	}
	serverCPU, known := sys.cpu()
	ownCPU, _ := cpuTime(pid())
	before, begin := g.trips(), time.Now()
	g.counts.Store(true)
	if err := g.spend(g.load.Duration, sys, func(done float64) { s.progress(warm+(1-warm)*done, "measuring") }); err != nil {
		return Trips{}, err
	}
	g.counts.Store(false)
	took := time.Since(begin)
	t := Trips{Name: sys.name, Servers: len(sys.addrs), Messages: 2 * (g.trips() - before), Seconds: took.Seconds(), hist: g.times.merged()}
	t.RoundTrip = latencyOf(t.hist)
	t.PerSecond = float64(t.Messages) / t.Seconds
	if t.Messages == 0 {
		return t, fmt.Errorf("not one round trip in %s: measure for longer", g.load.Duration)
	}
	if after, ok := sys.cpu(); ok && known {
		t.ServerCPU = micros(after-serverCPU) / float64(t.Messages)
	}
	if after, err := cpuTime(pid()); err == nil {
		t.GeneratorCPU = micros(after-ownCPU) / float64(t.Messages)
	}

	for end := g.now(); g.behind(end); { // one that is lost fails the run
		if err := g.spend(look/10, sys, func(float64) { s.progress(1, "the last echoes") }); err != nil {
			return Trips{}, err
		}
	}

	return t, nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

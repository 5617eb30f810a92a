package bench

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// OpenLoop is the result of an open loop.
type OpenLoop struct {
	Name       string  `json:"name"`
	TargetRate float64 `json:"asked_per_second"`
	Messages   uint64  `json:"messages"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"messages_per_second"`
	// From when a message was due until it was there.
	OneWay Latency `json:"one_way"`
	// How late the generator itself was: part of OneWay.
	Late         Latency `json:"generator_late"`
	ServerCPU    float64 `json:"server_cpu_us"`
	GeneratorCPU float64 `json:"generator_cpu_us"`

	hist *hdrhistogram.Histogram
}

const (
	maxSenders = 4
	maxRate    = 1e7
)

func pid() int { return os.Getpid() }

// openLoopRun is a running open loop: messages leave when they are due.
type openLoopRun struct {
	pairs    []*pair
	interval float64 // ns between two messages
	start    time.Time
	from     int64 // messages due in [from, to) ns are measured; later ones are not sent
	to       int64

	oneWay, lateness recorders     // by reader, by sender
	sent, received   atomic.Uint64 // all
	measured         atomic.Uint64 // of those measured

	ctx  context.Context //nolint:containedctx // of the run, which this is
	fail context.CancelCauseFunc
	stop atomic.Bool
}

// openLoop sends at a rate, whatever becomes of earlier messages.
func (s *Setup) openLoop(ctx context.Context, sys *system, load Load, rate float64) (OpenLoop, error) {
	if rate <= 0 || rate > maxRate {
		return OpenLoop{}, fmt.Errorf("--rate %g: messages a second, up to %g", rate, float64(maxRate))
	}
	s.progress(0, fmt.Sprintf("%d users log in", 2*load.Pairs))
	pairs, err := sys.pairs(ctx, load)
	if err != nil {
		return OpenLoop{}, err
	}
	senders := min(maxSenders, len(pairs))
	r := &openLoopRun{
		pairs: pairs, interval: float64(time.Second) / rate, start: time.Now(),
		oneWay: newRecorders(2 * len(pairs)), lateness: newRecorders(senders),
	}
	r.from, r.to = int64(load.Warmup), int64(load.Warmup+load.Duration)
	r.ctx, r.fail = context.WithCancelCause(ctx)
	defer r.fail(nil)
	var reads, sends sync.WaitGroup
	for i, p := range pairs {
		reads.Go(func() { r.read(p.a, r.oneWay.forWorker(2*i)) })
		reads.Go(func() { r.read(p.b, r.oneWay.forWorker(2*i+1)) })
	}
	defer func() {
		r.stop.Store(true)
		closePairs(pairs)
		sends.Wait()
		reads.Wait()
	}()
	for i := range senders {
		sends.Go(func() { r.send(i, senders) })
	}

	f, err := r.measure(s, sys, load, rate)
	if err != nil {
		err = sys.explain(ctx, err)
	}

	return f, err
}

func (r *openLoopRun) read(c *conn, times *recorder) {
	for {
		at, err := c.receive()
		if err != nil {
			if !r.stop.Load() {
				r.fail(fmt.Errorf("%s: %w", c, err))
			}

			return
		}
		r.received.Add(1)
		if due := int64(at); due >= r.from {
			r.measured.Add(1)
			times.add(time.Since(r.start) - time.Duration(due))
		}
	}
}

// send sends every n-th message, beginning with the i-th, each when it is due or, if that is over,
// at once.
func (r *openLoopRun) send(i, n int) {
	for k := i; ; k += n {
		due := int64(float64(k) * r.interval)
		if due >= r.to {
			return
		}
		for wait := due - int64(time.Since(r.start)); wait > 0 && r.ctx.Err() == nil; wait = due - int64(time.Since(r.start)) {
			pause(min(time.Duration(wait), checkInterval))
		}
		if r.ctx.Err() != nil {
			return
		}
		if due >= r.from {
			r.lateness.forWorker(i).add(time.Since(r.start) - time.Duration(due))
		}
		r.sent.Add(1)
		p := r.pairs[r.pairFor(k, i, n)]
		if err := p.a.send(uint64(due)); err != nil {
			if !r.stop.Load() {
				r.fail(fmt.Errorf("%s: a message cannot be sent: %w", p.a, err))
			}

			return
		}
	}
}

// pairFor returns the pair that sends message k. Sender i of n owns the pairs i, i+n, i+2n, ...,
// and uses them in turn.
func (r *openLoopRun) pairFor(k, i, n int) int {
	mine := (len(r.pairs) - i + n - 1) / n

	return i + (k-i)/n%mine*n
}

func (r *openLoopRun) measure(s *Setup, sys *system, load Load, rate float64) (OpenLoop, error) {
	if err := r.waitUntil(r.from, sys); err != nil {
		return OpenLoop{}, err
	}
	serverCPU, known := sys.cpu()
	ownCPU, _ := cpuTime(pid())
	for end := r.from; end < r.to; {
		end = min(end+int64(checkInterval), r.to)
		if err := r.waitUntil(end, sys); err != nil {
			return OpenLoop{}, err
		}
		s.progress(float64(end)/float64(r.to), "measuring")
	}
	f := OpenLoop{TargetRate: rate, Seconds: load.Duration.Seconds()}
	if err := r.drain(sys, load.Patience); err != nil {
		return f, err
	}
	f.hist = r.oneWay.merged()
	f.Messages, f.OneWay, f.Late = r.measured.Load(), latencyOf(f.hist), latencyOf(r.lateness.merged())
	if f.Messages == 0 {
		return f, fmt.Errorf("not one message in %s: measure for longer", load.Duration)
	}
	f.PerSecond = float64(f.Messages) / f.Seconds
	if after, ok := sys.cpu(); ok && known {
		f.ServerCPU = micros(after-serverCPU) / float64(f.Messages)
	}
	if after, err := cpuTime(pid()); err == nil {
		f.GeneratorCPU = micros(after-ownCPU) / float64(f.Messages)
	}

	return f, nil
}

func (r *openLoopRun) waitUntil(ns int64, sys *system) error {
	if left := time.Duration(ns) - time.Since(r.start); left > 0 && !sleep(r.ctx, left) {
		return context.Cause(r.ctx)
	}
	if r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}

	return sys.checkRunning()
}

// drain waits until all messages sent have arrived.
func (r *openLoopRun) drain(sys *system, patience time.Duration) error {
	last, since := uint64(0), time.Now()
	for {
		got, all := r.received.Load(), r.totalMessages()
		switch {
		case got == all:
			return nil
		case got > all:
			return fmt.Errorf("%d messages have come and only %d were sent", got, all)
		case got != last:
			last, since = got, time.Now()
		case time.Since(since) > patience:
			return fmt.Errorf("%d of %d messages are lost", all-got, all)
		}
		if !sleep(r.ctx, checkInterval/10) {
			return context.Cause(r.ctx)
		}
		if err := sys.checkRunning(); err != nil {
			return err
		}
	}
}

// totalMessages is how many messages the whole run has.
func (r *openLoopRun) totalMessages() (n uint64) {
	n = uint64(float64(r.to) / r.interval)
	if int64(float64(n)*r.interval) < r.to {
		n++
	}

	return n
}

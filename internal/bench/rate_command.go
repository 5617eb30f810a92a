package bench

import (
	"context"
	"fmt"
)

// RateOptions are the parameters of Rate beside its load.
type RateOptions struct {
	Rate float64 // messages a second
	// OfHighest is the part of the highest rate that Parley reaches in a closed loop with the same
	// pairs, in as many runs as there are rounds. It takes the place of Rate; 0: Rate.
	OfHighest float64
	Rounds    int // fresh servers each; medians count
}

func (o RateOptions) check() error {
	switch {
	case o.Rounds < 1:
		return fmt.Errorf("--rounds %d: at least 1", o.Rounds)
	case o.OfHighest < 0 || o.OfHighest > 1:
		return fmt.Errorf("--of-highest %g: a part of the highest rate, up to 1", o.OfHighest)
	}

	return nil
}

// Rate measures messages sent at a stated rate, through the floors too unless nodes run already.
func (s *Setup) Rate(ctx context.Context, load Load, o RateOptions) (*Report, error) {
	load, err := load.check()
	if err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	one, err := s.singleBinary()
	if err != nil {
		return nil, err
	}
	r := newReport("rate", nil, s.messageNote(load.Size),
		"from when a message was due until it arrived (corrected for coordinated omission); the generator's own lateness is included")
	var kinds []starter
	if len(s.URLs) == 0 && !load.NoFloors {
		kinds = s.floors()
		r.Notes = append(r.Notes, floorNote)
		if !canLoop {
			r.Notes = append(r.Notes, noMachineFloor)
		}
	}
	kinds = append(kinds, one.parleyNodes)
	rate, note, err := one.rate(ctx, load, o)
	if err != nil {
		return nil, err
	}
	r.Notes = append([]string{note}, r.Notes...)
	all, err := s.rateRounds(ctx, kinds, load, rate, o.Rounds)
	if err != nil {
		return nil, err
	}
	r.Results = all
	r.Table.Head = latencyHead("one way", "messages/s", "server CPU")
	r.Chart = Chart{Title: "One way at a stated rate", Subtitle: fmt.Sprintf("%.0f messages/s, %d pairs, %d bytes", rate, load.Pairs, load.Size)}
	for _, f := range all {
		r.Table.add(latencyRow(f.Name, f.OneWay, formatNumber(f.PerSecond), orDash(f.ServerCPU, formatMicros))...)
		r.Table.add(latencyRow(f.Name+": generator late", f.Late, "", orDash(f.GeneratorCPU, formatMicros))...)
		r.Chart.Curves = append(r.Chart.Curves, curve{f.Name, f.hist})
	}
	last := all[len(all)-1]
	for _, floor := range all[:len(all)-1] {
		r.Notes = append(r.Notes, fmt.Sprintf("%s to the %s: p50 %s, p99 %s, p99.9 %s", last.Name, floor.Name,
			formatRatio(last.OneWay.P50/floor.OneWay.P50), formatRatio(last.OneWay.P99/floor.OneWay.P99), formatRatio(last.OneWay.P999/floor.OneWay.P999)))
	}

	return r, nil
}

// rate is the rate to measure at, and a note about it.
func (s *Setup) rate(ctx context.Context, load Load, o RateOptions) (rate float64, note string, err error) {
	rounds := ""
	if o.Rounds > 1 {
		rounds = fmt.Sprintf(", medians of %d alternating rounds of %s", o.Rounds, load.Duration)
	}
	if o.OfHighest == 0 {
		return o.Rate, fmt.Sprintf("%g messages/s, %s%s", o.Rate, load, rounds), nil
	}
	var reached []float64
	for range o.Rounds {
		trips, err := s.progressPart(0, highestShare, "highest rate").unpinned(ctx, s.parleyNodes, load)
		if err != nil {
			return 0, "", err
		}
		reached = append(reached, trips.PerSecond)
	}
	most := highest(reached)
	rate = o.OfHighest * most
	note = fmt.Sprintf("%.0f messages/s, %g × the %.0f that %s reaches in a closed loop", rate, o.OfHighest, most, s.binaryName())

	return rate, fmt.Sprintf("%s, %s%s", note, load, rounds), nil
}

// highestShare is the part of the progress that the highest rate takes.
const highestShare = .1

// rateRounds measures all kinds of servers in turn, fresh ones in each round; the order rotates.
func (s *Setup) rateRounds(ctx context.Context, kinds []starter, load Load, rate float64, rounds int) ([]OpenLoop, error) {
	all := make([][]OpenLoop, len(kinds))
	steps := float64(rounds * len(kinds))
	for round := range rounds {
		for i := range kinds {
			k := (i + round) % len(kinds)
			step := float64(round*len(kinds) + i)
			sub := s.progressPart(highestShare+(1-highestShare)*step/steps, highestShare+(1-highestShare)*(step+1)/steps, fmt.Sprintf("round %d", round+1))
			f, err := sub.openLoopFresh(ctx, kinds[k], load, rate)
			if err != nil {
				return nil, fmt.Errorf("%s, %.0f messages/s: %w", f.Name, rate, err)
			}
			all[k] = append(all[k], f)
		}
	}
	var results []OpenLoop
	for _, of := range all {
		results = append(results, medianOpenLoop(of))
	}

	return results, nil
}

// openLoopFresh measures fresh servers.
func (s *Setup) openLoopFresh(ctx context.Context, start starter, load Load, rate float64) (OpenLoop, error) {
	sys, err := start(ctx, load.servers())
	if err != nil {
		return OpenLoop{Name: "start"}, err
	}
	defer sys.stop()
	sys.awaitIdle(ctx)
	f, err := s.openLoop(ctx, sys, load, rate)
	f.Name = sys.name

	return f, err
}

// medianOpenLoop has the median of each figure, and the sum of the messages.
func medianOpenLoop(all []OpenLoop) OpenLoop {
	of := func(f func(*OpenLoop) float64) float64 {
		var values []float64
		for i := range all {
			values = append(values, f(&all[i]))
		}

		return median(values)
	}
	latency := func(f func(*OpenLoop) *Latency) Latency {
		l := Latency{}
		for i := range all {
			l.Count += f(&all[i]).Count
		}
		for _, figure := range []func(*Latency) *float64{
			func(l *Latency) *float64 { return &l.Mean }, func(l *Latency) *float64 { return &l.P50 }, func(l *Latency) *float64 { return &l.P90 },
			func(l *Latency) *float64 { return &l.P99 }, func(l *Latency) *float64 { return &l.P999 }, func(l *Latency) *float64 { return &l.Max },
		} {
			*figure(&l) = of(func(o *OpenLoop) float64 { return *figure(f(o)) })
		}

		return l
	}
	m := all[0]
	m.Messages, m.hist = 0, newHistogram()
	for _, f := range all {
		m.Messages += f.Messages
		if f.hist != nil {
			m.hist.Merge(f.hist)
		}
	}
	m.Seconds = of(func(f *OpenLoop) float64 { return f.Seconds })
	m.PerSecond = of(func(f *OpenLoop) float64 { return f.PerSecond })
	m.ServerCPU = of(func(f *OpenLoop) float64 { return f.ServerCPU })
	m.GeneratorCPU = of(func(f *OpenLoop) float64 { return f.GeneratorCPU })
	m.OneWay = latency(func(f *OpenLoop) *Latency { return &f.OneWay })
	m.Late = latency(func(f *OpenLoop) *Latency { return &f.Late })

	return m
}

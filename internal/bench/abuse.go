package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// AbuseOptions are the parameters of Abuse.
type AbuseOptions struct {
	Attacks  []string      // their names; none: all
	Duration time.Duration // of each phase
	Rounds   int           // with fresh nodes each; 0: 1
}

const (
	abuseNodes       = 2
	maxAbuseDuration = time.Minute
	maxAbuseRounds   = 100
	attackSettle     = 500 * time.Millisecond // from the attackers' first message to the first measured one
)

// abuseBudget is the most that the honest users' p99 may be under attack, as a multiple of control
// (DESIGN, section 9).
const abuseBudget = 3

func (o AbuseOptions) check() ([]attack, error) {
	if o.Duration <= 0 || o.Duration > maxAbuseDuration {
		return nil, fmt.Errorf("--duration %s: how long each phase is, such as 5s, and at most %s", o.Duration, maxAbuseDuration)
	}
	if o.Rounds < 0 || o.Rounds > maxAbuseRounds {
		return nil, fmt.Errorf("--rounds %d: between 1 and %d are possible", o.Rounds, maxAbuseRounds)
	}
	if len(o.Attacks) == 0 {
		return attacks, nil
	}
	var all []attack
	for i, name := range o.Attacks {
		a, err := findAttack(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(o.Attacks[:i], name) {
			return nil, fmt.Errorf("--attack %s is given twice", name)
		}
		all = append(all, a)
	}

	return all, nil
}

// AbuseResult is what one attack does to honest users.
type AbuseResult struct {
	Binary  string     `json:"binary"`
	Name    string     `json:"attack"`
	What    string     `json:"what"`
	Quiet   HonestLoad `json:"quiet"`
	Control HonestLoad `json:"control"` // the same attack runs against other nodes on the machine
	Attack  HonestLoad `json:"attacked"`
	Ratio   float64    `json:"ratio"` // p99, attack to control

	// Resident memory of the attacked node, when the attack begins and at most; 0: not known.
	MemoryBefore uint64 `json:"memory_before"`
	MemoryPeak   uint64 `json:"memory_peak"`

	ControlOutcome AttackOutcome `json:"control_outcome"`
	Outcome        AttackOutcome `json:"attack_outcome"`
}

// Kept reports whether the honest users' p99 is within the budget, and no message and no login is
// lost, and what the attack's own clients are owed is done.
func (r *AbuseResult) Kept() bool {
	return r.Ratio <= abuseBudget && r.Attack.Lost == 0 && r.Attack.Logins.Failed == 0 && !r.Outcome.Failed
}

// MeasureAbuse measures each attack with each binary, on fresh nodes.
func (s *Setup) MeasureAbuse(ctx context.Context, o AbuseOptions) ([]AbuseResult, error) {
	if len(s.URLs) > 0 {
		return nil, errors.New("--url: abuse attacks nodes, so it only works with nodes that it starts")
	}
	chosen, err := o.check()
	if err != nil {
		return nil, err
	}
	var all []AbuseResult
	each := s.perBinary()
	rounds := max(o.Rounds, 1)
	for i, a := range chosen {
		results := make([][]AbuseResult, len(each))
		for round := range rounds {
			for b, sub := range each {
				part := *sub
				part.Progress = s.progressStep((i*rounds+round)*len(each)+b, len(chosen)*rounds*len(each), a.name).Progress
				r, err := part.abuseRun(ctx, a, o.Duration)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", a.name, err)
				}
				results[b] = append(results[b], r)
			}
		}
		for _, of := range results {
			all = append(all, middleAbuse(of))
		}
	}

	return all, nil
}

// middleAbuse is the round with the middle ratio. What was lost, failed or found in any round, and
// the most memory, are in it.
func middleAbuse(rounds []AbuseResult) AbuseResult {
	slices.SortFunc(rounds, func(a, b AbuseResult) int { return cmp.Compare(a.Ratio, b.Ratio) })
	middle := (len(rounds) - 1) / 2
	r := rounds[middle]
	for i := range rounds {
		other := &rounds[i]
		r.MemoryPeak = max(r.MemoryPeak, other.MemoryPeak)
		if i == middle {
			continue
		}
		r.Quiet.merge(&other.Quiet)
		r.Control.merge(&other.Control)
		r.Attack.merge(&other.Attack)
		if other.Outcome.Failed && !r.Outcome.Failed {
			r.Outcome.Failed, r.Outcome.Text = true, other.Outcome.Text
		}
	}

	return r
}

// abuseRun measures one attack: quiet, control, attack.
func (s *Setup) abuseRun(ctx context.Context, a attack, duration time.Duration) (AbuseResult, error) {
	r := AbuseResult{Binary: s.binaryName(), Name: a.name, What: a.what}
	sys, err := s.parleyNodes(ctx, abuseNodes)
	if err != nil {
		return r, err
	}
	defer sys.stop()
	honest, err := newHonestLoad(ctx, sys)
	if err != nil {
		return r, err
	}
	defer honest.close()
	s.progress(.1, "channels open")
	if _, err := honest.measure(ctx, time.Second); err != nil {
		return r, err
	}
	other, err := s.parleyNodes(ctx, abuseNodes)
	if err != nil {
		return r, err
	}
	defer other.stop()
	sys.awaitIdle(ctx)
	s.progress(.3, "quiet")
	if r.Quiet, err = honest.measure(ctx, duration); err != nil {
		return r, err
	}
	s.progress(.5, "control")
	if r.Control, r.ControlOutcome, err = s.underAttack(ctx, a, other, honest, duration); err != nil {
		return r, fmt.Errorf("control: %w", other.explain(ctx, err))
	}
	other.stop() // what the attack has left there to do ends
	sys.awaitIdle(ctx)
	s.progress(.8, "attack")
	watch := watchMemory(ctx, sys)
	r.Attack, r.Outcome, err = s.underAttack(ctx, a, sys, honest, duration)
	r.MemoryBefore, r.MemoryPeak = watch()
	if err != nil {
		return r, sys.explain(ctx, err)
	}
	if r.Control.OneWay.P99 > 0 {
		r.Ratio = r.Attack.OneWay.P99 / r.Control.OneWay.P99
	}

	return r, nil
}

// underAttack measures the honest load while an attack runs against the nodes of sys.
func (s *Setup) underAttack(ctx context.Context, a attack, sys *system, honest *honestLoad, duration time.Duration) (HonestLoad, AttackOutcome, error) {
	attacking, err := s.startAttack(ctx, a.name, sys)
	if err != nil {
		return HonestLoad{}, AttackOutcome{}, err
	}
	defer attacking.process.stop()
	sleep(ctx, attackSettle)
	load, err := honest.measure(ctx, duration)
	if err != nil {
		return load, AttackOutcome{}, err
	}
	outcome, err := attacking.stop()
	if err != nil {
		return load, outcome, err
	}

	return load, outcome, sys.checkRunning()
}

// watchMemory samples the memory of the first node until the result is called, which returns the
// first sample and the largest one.
func watchMemory(ctx context.Context, sys *system) (end func() (before, peak uint64)) {
	if len(sys.pids) == 0 {
		return func() (before, peak uint64) { return 0, 0 }
	}
	const interval = 20 * time.Millisecond
	ctx, stop := context.WithCancel(ctx)
	var before, peak uint64
	var sampling sync.WaitGroup
	sampling.Go(func() {
		for {
			if m, err := residentMemory(sys.pids[0]); err == nil {
				if before == 0 {
					before = m
				}
				peak = max(peak, m)
			}
			if !sleep(ctx, interval) {
				return
			}
		}
	})

	return func() (uint64, uint64) {
		stop()
		sampling.Wait()

		return before, peak
	}
}

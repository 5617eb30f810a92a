package bench

import (
	"context"
	"fmt"
)

// Comparison is the result of Compare.
type Comparison struct {
	Rounds     int            `json:"rounds"`
	Floors     int            `json:"floors"`     // 2, or 1: the Go floor only
	Contenders []Contender    `json:"contenders"` // the machine's floor, the Go floor, Parley, others
	Idle       []Memory       `json:"spread"`
	First      []FirstMessage `json:"first"`
	Notice     []NoticeResult `json:"notice"`
}

// MachineFloor is the floor that budgets refer to; nil: it is not measured on this system.
func (c *Comparison) MachineFloor() *Contender {
	if c.Floors < 2 {
		return nil
	}

	return &c.Contenders[0]
}

// GoFloor is the least that a Go program does with a goroutine for each connection.
func (c *Comparison) GoFloor() *Contender { return &c.Contenders[c.Floors-1] }

// Parley is the first measured build of Parley.
func (c *Comparison) Parley() *Contender { return &c.Contenders[c.Floors] }

// Compare measures the floors, Parley on two nodes, plain NATS and the competitors in turn, for
// several rounds.
func (s *Setup) Compare(ctx context.Context, m CompareOptions) (*Report, error) {
	c, err := s.Measure(ctx, m)
	if err != nil {
		return nil, err
	}

	return c.report(s, m), nil
}

// Measure is Compare without the report.
func (s *Setup) Measure(ctx context.Context, m CompareOptions) (*Comparison, error) {
	one, many, err := m.check()
	if err != nil {
		return nil, err
	}
	all, err := s.startContenders(ctx, m)
	defer func() {
		for _, c := range all {
			c.system.stop()
		}
	}()
	if err != nil {
		return nil, err
	}
	if err := s.measureIdleCompetitors(ctx, all, m); err != nil {
		return nil, err
	}
	if err := s.runRounds(ctx, all, m, []Load{one, many}); err != nil {
		return nil, err
	}
	result := &Comparison{Rounds: m.Rounds, Floors: len(s.floors())}
	var machineFloor *Contender
	if canLoop {
		machineFloor = all[0]
	}
	for i, c := range all {
		c.aggregate(machineFloor, all[result.Floors-1])
		c.system.stop()
		part := .1 / float64(len(all))
		if err := s.progressPart(loadShare+part*float64(i), loadShare+part*float64(i+1), c.Name).measureIdle(ctx, c, m); err != nil {
			return nil, fmt.Errorf("%s, idle users: %w", c.Name, err)
		}
		result.Contenders = append(result.Contenders, *c)
	}

	return result, s.measureClusters(ctx, result, m)
}

// measureClusters measures what depends on the number of nodes. All nodes are started: what the
// URLs name is one cluster only.
func (s *Setup) measureClusters(ctx context.Context, c *Comparison, m CompareOptions) (err error) {
	plain := *s
	plain.URLs = nil
	if m.Users > 0 && len(m.IdleNodes) > 0 && canMeasure {
		for i, ws := range []bool{false, true} {
			sub := plain.progressPart(.6+.1*float64(i), .7+.1*float64(i), "cluster")
			sub.WebSocket = ws
			all, err := sub.idleRuns(ctx, m.idleOptions())
			if err != nil {
				return err
			}
			c.Idle = append(c.Idle, all...)
		}
	}
	if m.Samples > 0 {
		sub, rounds := plain.progressPart(.8, .9, "first messages"), max(m.ClusterRounds, 1)
		if c.First, err = sub.firstMessageRuns(ctx, m.FirstMessageNodes, m.Samples, rounds); err != nil {
			return err
		}
	}
	if len(m.NoticeClients) > 0 {
		c.Notice, err = plain.progressPart(.9, 1, "kill").noticeRuns(ctx, m.noticeOptions())
	}

	return err
}

// loadShare is the part of the progress that the loads take.
const loadShare = .5

// runRounds runs both loads with each contender in every round.
func (s *Setup) runRounds(ctx context.Context, all []*Contender, m CompareOptions, both []Load) error {
	steps, step := float64(2*len(all)*m.Rounds), 0.0
	for round := range m.Rounds {
		for i := range all {
			c := all[(i+round)%len(all)] // the order rotates with the round
			for under, l := range both {
				c.system.awaitIdle(ctx)
				sub := s.progressPart(loadShare*step/steps, loadShare*(step+1)/steps, fmt.Sprintf("round %d, %s, %d pairs", round+1, c.Name, l.Pairs))
				t, err := sub.pingpong(ctx, c.system, l)
				if err != nil {
					return fmt.Errorf("%s, %d pairs: %w", c.Name, l.Pairs, err)
				}
				t.hist = nil // 250 KB
				if under == 0 {
					c.onePair = append(c.onePair, t)
				} else {
					c.manyPairs = append(c.manyPairs, t)
				}
				step++
			}
			if m.Pinned && canPin && c.startPinned != nil {
				t, err := s.progressPart(loadShare*step/steps, loadShare*step/steps, c.Name+", pinned").pinned(ctx, c.startPinned, both[0])
				if err != nil {
					return fmt.Errorf("%s, 1 pair, pinned: %w", c.Name, err)
				}
				t.hist = nil
				c.pinned = append(c.pinned, t)
			}
		}
	}

	return nil
}

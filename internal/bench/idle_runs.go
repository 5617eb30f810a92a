package bench

import (
	"context"
)

// idleRuns measures what a user costs the whole cluster, with each binary and each number of nodes
// in turn, several rounds. The result has one entry for each, in that order.
func (s *Setup) idleRuns(ctx context.Context, p IdleOptions) ([]Memory, error) {
	all, err := inRounds(s, p.Nodes, max(p.Rounds, 1), func(s *Setup, nodes int) (Memory, error) { return s.idleRun(ctx, nodes, p) })
	if err != nil {
		return nil, err
	}
	var result []Memory
	for _, of := range all {
		result = append(result, medianMemory(of))
	}

	return result, nil
}

// idleRun starts a cluster and measures it.
func (s *Setup) idleRun(ctx context.Context, nodes int, p IdleOptions) (Memory, error) {
	sys, err := s.parleyNodes(ctx, nodes)
	if err != nil {
		return Memory{}, err
	}
	defer sys.stop()

	return s.measureMemory(ctx, sys, p.Users, p.Settle)
}

// medianMemory is the median of each figure.
func medianMemory(all []Memory) Memory {
	of := func(f func(Memory) float64) float64 {
		var values []float64
		for _, m := range all {
			values = append(values, f(m))
		}

		return median(values)
	}
	m := all[0]
	m.PerUser = of(func(m Memory) float64 { return m.PerUser })
	m.RestUsers = of(func(m Memory) float64 { return m.RestUsers })
	m.Logins.ServerCPU = of(func(m Memory) float64 { return m.Logins.ServerCPU })
	m.Logins.PerSecond = of(func(m Memory) float64 { return m.Logins.PerSecond })
	m.Logins.Rest = of(func(m Memory) float64 { return m.Logins.Rest })

	return m
}

package bench

import (
	"fmt"
	"strconv"
)

// clusterRun is one measurement of several: a binary and a number of nodes.
type clusterRun struct {
	setup *Setup
	nodes int
}

// clusterRuns are all binaries, with each number of nodes in turn.
func (s *Setup) clusterRuns(nodes []int) []clusterRun {
	if len(s.URLs) > 0 {
		nodes = []int{len(s.URLs)}
	}
	var all []clusterRun
	for _, n := range nodes {
		for _, sub := range s.perBinary() {
			all = append(all, clusterRun{sub, n})
		}
	}

	return all
}

func (r clusterRun) title() string {
	return fmt.Sprintf("%s, %s", r.setup.binaryName(), nodeCount(r.nodes))
}

// progressStep is a Setup whose progress is the i-th of n equal parts.
func (s *Setup) progressStep(i, n int, name string) *Setup {
	return s.progressPart(float64(i)/float64(n), float64(i+1)/float64(n), name)
}

func (s *Setup) transport() string {
	if s.WebSocket {
		return "WebSocket"
	}

	return "TCP"
}

// nodeCount writes a number of nodes.
func nodeCount(n int) string {
	if n == 1 {
		return "1 node"
	}

	return strconv.Itoa(n) + " nodes"
}

// inRounds measures each binary with each number of nodes, one after another, for several rounds.
// It returns the results of each, by round, in the order of clusterRuns.
func inRounds[T any](s *Setup, nodes []int, rounds int, measure func(s *Setup, nodes int) (T, error)) ([][]T, error) {
	runs := s.clusterRuns(nodes)
	all := make([][]T, len(runs))
	for round := range rounds {
		for i, r := range runs {
			sub := *r.setup
			sub.Progress = s.progressStep(round*len(runs)+i, rounds*len(runs), r.title()).Progress
			result, err := measure(&sub, r.nodes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.title(), err)
			}
			all[i] = append(all[i], result)
		}
	}

	return all, nil
}

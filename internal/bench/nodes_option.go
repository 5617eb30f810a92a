package bench

import "fmt"

const maxNodes = 64

func checkNodes(nodes []int) error {
	for _, n := range nodes {
		if n < 1 || n > maxNodes {
			return fmt.Errorf("--nodes %d: between 1 and %d are possible", n, maxNodes)
		}
	}
	if len(nodes) == 0 {
		return fmt.Errorf("--nodes: give some numbers between 1 and %d", maxNodes)
	}

	return nil
}

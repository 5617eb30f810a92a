package bench

import (
	"fmt"
	"time"
)

// IdleOptions are the parameters of Idle.
type IdleOptions struct {
	Users  int
	Nodes  []int // numbers of nodes, each a cluster of its own
	Settle time.Duration
	Rounds int // medians of so many; 0: 1
}

func (p IdleOptions) check() error {
	if err := checkUsers(p.Users); err != nil {
		return err
	}
	if p.Settle <= 0 {
		return fmt.Errorf("--settle %s: how long memory may take to settle, such as 10s", p.Settle)
	}

	return checkNodes(p.Nodes)
}

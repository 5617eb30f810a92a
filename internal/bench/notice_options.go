package bench

import (
	"errors"
	"fmt"
	"time"
)

// NoticeOptions are the parameters of Notice, which kills a node.
type NoticeOptions struct {
	Nodes   int   // of the cluster, at least 2; one of them is killed
	Clients []int // numbers of clients on that node, each a measurement of its own
	Rounds  int   // with a fresh cluster each; 0: 1
	// Patience is how long the notices and the answers may take; 0: 30 s.
	Patience time.Duration
}

const (
	noticePatience = 30 * time.Second
	maxProbers     = 20
	channelBatch   = 500 // pairs that log in and open their channels before the next ones do: clients have to answer pings meanwhile
)

func (k NoticeOptions) check() error {
	if k.Nodes < 2 || k.Nodes > maxNodes {
		return fmt.Errorf("--nodes %d: between 2 and %d are possible, one of which is killed", k.Nodes, maxNodes)
	}
	if len(k.Clients) == 0 {
		return errors.New("--clients: give some numbers of clients on the node that is killed")
	}
	for _, n := range k.Clients {
		if n < 1 || n > maxUsers {
			return fmt.Errorf("--clients %d: between 1 and %d are possible", n, maxUsers)
		}
	}

	return nil
}

package bench

import (
	"fmt"
	"time"
)

// CompareOptions are the parameters of Compare.
type CompareOptions struct {
	Rounds      int
	Pairs       int // under load
	Size        int
	Duration    time.Duration // of each measurement
	Warmup      time.Duration // before each
	NATS        bool          // plain NATS takes part
	Competitors []Competitor  // so do they

	Pinned bool // one pair is measured with all processes on one processor, too

	Users             int // idle, to measure memory; 0: memory is not measured
	Settle            time.Duration
	IdleNodes         []int // numbers of nodes that they are spread over, too
	FirstMessageNodes []int // first messages
	Samples           int   // of them; 0: they are not measured
	NoticeClients     []int // clients on a node that is killed; none: that is not measured
	NoticeNodes       int   // nodes of the cluster of which one is killed
	// ClusterRounds is how often Spread, Nodes and Notice are measured; 0: once.
	ClusterRounds int
}

func (m CompareOptions) load(pairs int) (Load, error) {
	return Load{Pairs: pairs, Size: m.Size, Duration: m.Duration, Warmup: m.Warmup}.check()
}

// check validates the options and returns the loads of one pair and of many pairs.
func (m CompareOptions) check() (one, many Load, err error) {
	if m.Rounds < 1 {
		return one, many, fmt.Errorf("--rounds %d: at least 1", m.Rounds)
	}
	if one, err = m.load(1); err == nil {
		many, err = m.load(m.Pairs)
	}
	if err == nil && m.Users != 0 {
		err = checkUsers(m.Users)
	}
	if err == nil && m.Users != 0 && len(m.IdleNodes) > 0 {
		err = m.idleOptions().check()
	}
	if err == nil && len(m.NoticeClients) > 0 {
		err = m.noticeOptions().check()
	}
	if err == nil && m.Samples != 0 {
		err = checkFirstMessages(m.FirstMessageNodes, m.Samples)
	}

	return one, many, err
}

func (m CompareOptions) idleOptions() IdleOptions {
	return IdleOptions{Users: m.Users, Nodes: m.IdleNodes, Settle: m.Settle, Rounds: m.ClusterRounds}
}

func (m CompareOptions) noticeOptions() NoticeOptions {
	return NoticeOptions{Nodes: m.NoticeNodes, Clients: m.NoticeClients, Rounds: m.ClusterRounds}
}

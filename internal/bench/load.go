package bench

import (
	"fmt"
	"time"
)

// Load are the parameters of a load.
type Load struct {
	Pairs    int
	Size     int           // bytes of a message, at least 8
	Duration time.Duration // measured
	Warmup   time.Duration // before that
	SameNode bool          // both users of a pair on one node
	Pinned   bool          // all processes on one processor, where that is possible
	NoFloors bool          // Parley alone
	Counts   bool          // system calls and context switches are counted
	Patience time.Duration // after which a message counts as lost; 0: 5 s
}

const (
	defaultPatience = 5 * time.Second
	maxPairs        = relayUsers / 2
	maxSize         = 60 << 10 // a message has to fit Parley's default limit
)

func (l Load) check() (Load, error) {
	switch {
	case l.Pairs < 1 || l.Pairs > maxPairs:
		return l, fmt.Errorf("--pairs %d: between 1 and %d are possible", l.Pairs, maxPairs)
	case l.Size < stampSize || l.Size > maxSize:
		return l, fmt.Errorf("--size %d: between %d and %d bytes are possible (the first %d are a time stamp)", l.Size, stampSize, maxSize, stampSize)
	case l.Duration <= 0:
		return l, fmt.Errorf("--duration %s: how long to measure, such as 5s", l.Duration)
	case l.Warmup < 0:
		return l, fmt.Errorf("--warmup %s: a time, such as 1s", l.Warmup)
	}
	if l.Patience == 0 {
		l.Patience = defaultPatience
	}

	return l, nil
}

func (l Load) servers() int {
	if l.SameNode {
		return 1
	}

	return 2
}

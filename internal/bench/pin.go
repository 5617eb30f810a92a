package bench

import (
	"context"
	"fmt"
	"runtime"
)

// pinned measures one pair with all processes on one processor: this one, whose servers inherit it.
// On several processors the wake-ups between them make the median of a single pair jump by a factor
// of four; on one it is steady. The servers are fresh ones, so that their Go runtimes count one
// processor from their start.
func (s *Setup) pinned(ctx context.Context, start starter, load Load) (t RoundTrips, err error) {
	unpin, err := pin()
	if err != nil {
		return t, fmt.Errorf("pinning to one processor: %w", err)
	}
	procs := runtime.GOMAXPROCS(1)
	defer func() {
		runtime.GOMAXPROCS(procs)
		if e := unpin(); err == nil && e != nil {
			err = fmt.Errorf("unpinning: %w", e)
		}
	}()

	return s.unpinned(ctx, start, load)
}

// unpinned measures fresh servers wherever the system runs them.
func (s *Setup) unpinned(ctx context.Context, start starter, load Load) (RoundTrips, error) {
	sys, err := start(ctx, load.servers())
	if err != nil {
		return RoundTrips{}, err
	}
	defer sys.stop()
	sys.awaitIdle(ctx)

	return s.pingpong(ctx, sys, load)
}

// pinNote says how pinning is done, or why it is not.
func pinNote() string {
	if !canPin {
		return "pinned: not measured, this system cannot tie a process to a processor; the ratio with a budget is the unpinned one"
	}

	return "pinned: all processes, the generator included, on one processor (sched_setaffinity); unpinned: wherever the system runs them"
}

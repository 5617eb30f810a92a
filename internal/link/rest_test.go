//go:build linux

package link

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parley-dm/parley/internal/testkit"
)

// TestAtRest measures; it asserts nothing, for other processes disturb it. REST=1 runs it.
func TestTheCPUOfANodeAtRest(t *testing.T) {
	if os.Getenv("REST") == "" {
		t.Skip("REST=1 measures")
	}
	const nodes = 8
	var all []*member
	for i := range nodes {
		m := open(t, fmt.Sprint("n", i), uint64(i+1), func(c *Config) { c.Timing = Timing{} })
		for _, other := range all {
			other.Want(m.id, m.Advertised())
		}
		all = append(all, m)
	}
	for _, m := range all {
		testkit.Eventually(t, "links", func() bool { return len(m.Links()) == nodes-1 })
	}
	var before, after unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &before)
	const span = 10 * time.Second
	time.Sleep(span)
	_ = unix.Getrusage(unix.RUSAGE_SELF, &after)
	used := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
	t.Logf("%.3f %% of a core for a node with %d links; leases lost: %d", 100*used.Seconds()/span.Seconds()/nodes, nodes-1, all[0].recorder.count("resumed"))
}

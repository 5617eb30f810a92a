package netio

import (
	"runtime"
	"testing"
	"time"
)

// A loop that keeps its processor while it waits would hold up everything else where there are no
// more processors than loops.
func TestALoopKeepsNoProcessorThatOthersNeed(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	var p poller
	if !p.open(2) {
		t.Skip("no epoll")
	}
	defer p.close()
	for _, c := range []struct {
		procs   int
		lingers bool
	}{{4, true}, {2, false}, {3, true}, {1, false}} {
		runtime.GOMAXPROCS(c.procs)
		p.yielded = time.Time{}
		p.yield()
		if p.lingers != c.lingers {
			t.Errorf("with %d processors for 2 loops it lingers: %v", c.procs, p.lingers)
		}
	}
}

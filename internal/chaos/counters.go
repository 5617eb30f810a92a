package chaos

import (
	"sync"
	"time"
)

// counters is what is measured on the way.
type counters struct {
	rounds        int
	formations    times // from the start of six nodes until they were one cluster
	killNotices   times // from the kill of a node's process to the notice at a peer
	vanishNotices times // from the end of a node's machine to it
	cutNotices    times // from a cut connection to it
	silentNotices times // from a client that vanished to it

	mu                sync.Mutex
	recoveries        map[string]*times // guarded by mu: by fault
	stepOuts          int               // guarded by mu: pairs of which one stepped out
	youngerStepOuts   int               // guarded by mu: of these, the younger
	movedClients      int               // guarded by mu: clients of nodes that stepped out, with goodbye 1001
	nameConflicts     int               // guarded by mu: paused processes that went on and found their name taken
	resolvedConflicts int               // guarded by mu: of these, ended by themselves
}

// addStepOut counts a node that has stepped out.
func (c *counters) addStepOut(younger bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stepOuts++
	if younger {
		c.youngerStepOuts++
	}
}

// addMovedClient counts a client that was sent away by a node that stepped out.
func (c *counters) addMovedClient() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.movedClients++
}

// addNameConflict counts a process that went on while another had its name.
func (c *counters) addNameConflict(yielded bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nameConflicts++
	if yielded {
		c.resolvedConflicts++
	}
}

func (c *counters) addRecovery(what string, took time.Duration) {
	c.mu.Lock()
	t := c.recoveries[what]
	if t == nil {
		if c.recoveries == nil {
			c.recoveries = map[string]*times{}
		}
		t = &times{}
		c.recoveries[what] = t
	}
	c.mu.Unlock()
	t.add(took)
}

package dm_test

import (
	"fmt"
	"testing"
	"time"
)

// Two nodes that cannot hear each other, while the third hears both: what the one knows of its user who has left is not the whole truth.
func TestPromise5AUserWhoHasGoneToANodeThatTheOlderOneDoesNotSeeIsFound(t *testing.T) {
	for name, wait := range map[string]time.Duration{"at once": 0, "when both know": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			inCluster(t, 3, nil, func(c *cluster) {
				alice, older := c.login("alice", 0), c.login("bob", 1)
				older.sends("alice", "hi", nil) // whom it has to tell when it leaves
				var senders []*person
				for i := range 20 {
					senders = append(senders, c.login(fmt.Sprint("sender ", i), 0))
				}
				c.net.Cut(c.nodes[1].mesh, c.nodes[2].mesh)
				time.Sleep(wait)
				newer := c.login("bob", 2) // waits until the older node is down for this one
				older.quits()
				for _, p := range senders {
					if err := p.send("bob", "hi"); err != nil {
						c.t.Errorf("%s: %v", p.id, err)
					}
				}
				alice.quits()
				newer.quits()
			})
		})
	}
}

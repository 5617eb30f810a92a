package dm_test

import (
	"fmt"
	"testing"
	"time"
)

// Two nodes have no link, and the third has one to both: one of the two steps out, and its users
// log in elsewhere.
func TestPromise5AUserOfANodeThatStepsOutIsFoundWhereItLogsInAnew(t *testing.T) {
	inCluster(t, 3, nil, func(c *cluster) {
		alice := c.login("alice", 0)
		bobs := []*person{nil, c.login("bob1", 1), c.login("bob2", 2)}
		var senders []*person
		for i := range 20 {
			senders = append(senders, c.login(fmt.Sprint("sender ", i), 0))
		}
		for _, bob := range bobs[1:] {
			bob.sends("alice", "hi "+bob.id, nil)
		}
		c.cut(c.nodes[1], c.nodes[2])
		rest(5 * time.Second)
		out := 0
		for i, bob := range bobs {
			if bob != nil && bob.closed == "1001" {
				out = i
			}
		}
		if out == 0 {
			t.Fatal("neither node has stepped out")
		}
		newer := c.login(bobs[out].id, 0)
		for _, p := range append(senders, bobs[3-out]) {
			p.sends(newer.id, "there?", nil)
		}
		alice.sends(bobs[3-out].id, "still there", nil)
		c.heal(c.nodes[1], c.nodes[2])
		time.Sleep(5 * time.Second)
		again := c.login(newer.id, out)
		for _, p := range append(senders, bobs[3-out]) {
			p.sends(again.id, "back", nil)
		}
	})
}

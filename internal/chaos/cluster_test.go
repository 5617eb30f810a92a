package chaos

import "testing"

func TestALoadBalancerPrefersNodesThatAreReady(t *testing.T) {
	c := newCluster(&Options{Nodes: 3}, &loopback{})
	for _, n := range c.nodes {
		n.state = nodeUp
	}
	c.nodes[1].ready = true
	for range 20 {
		if n, _, err := c.pickNode(0, false, false); err != nil || n != c.nodes[1] {
			t.Fatalf("%v, %v", n, err)
		}
	}
	if n, _, err := c.pickNode(0, false, true); err != nil || n != c.nodes[0] {
		t.Errorf("a reckless one: %v, %v", n, err)
	}
	c.nodes[1].state = nodeDown
	if n, _, err := c.pickNode(2, false, false); err != nil || n != c.nodes[2] {
		t.Errorf("none is ready: %v, %v", n, err)
	}
}

package natsnode

import (
	"fmt"
	"slices"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/parley-dm/parley/internal/testkit"
)

// cores starts core nodes, n0 and so on.
func cores(t *testing.T, n int) (nodes []*Node, addrs []string) {
	t.Helper()
	for range n {
		addrs = append(addrs, testkit.CorePort(t))
	}
	for i := range n {
		node, err := Open(Config{Node: fmt.Sprint("n", i), Core: addrs[i], CoreNodes: addrs, Secret: "a secret"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(node.Close)
		nodes = append(nodes, node)
	}

	return nodes, addrs
}

func TestRequestsGoStraightToACoreNode(t *testing.T) {
	nodes, addrs := cores(t, 3)
	n, err := Open(Config{Node: "other", CoreNodes: addrs, Secret: "a secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	testkit.Eventually(t, "a connection", n.Conn().IsConnected)
	own := n.Conn().ConnectedServerName()
	all := []string{"n0", "n1", "n2"}
	if c := n.ConnTo(own); c != n.Conn() {
		t.Error("there are two connections to one core node")
	}
	if c := n.ConnTo(""); c != n.Conn() {
		t.Error("a connection to no core node")
	}
	others := slices.DeleteFunc(all, func(name string) bool { return name == own })
	if c := n.ConnTo(others[0]); c != n.Conn() {
		t.Error("a connection that nothing has made")
	}
	var direct *nats.Conn
	testkit.Eventually(t, "a direct connection", func() bool {
		direct = n.ConnTo(others[0])

		return direct != n.Conn()
	})
	if name := direct.ConnectedServerName(); name != others[0] || direct.IsReconnecting() {
		t.Errorf("it leads to %s, not %s", name, others[0])
	}
	nodes[slices.Index([]string{"n0", "n1", "n2"}, others[0])].Close()
	testkit.Eventually(t, "the node's own connection takes its place", func() bool { return n.ConnTo(others[0]) == n.Conn() })
	if n.Conn().ConnectedServerName() != own {
		t.Error("the node's own connection has moved")
	}
}

func TestACoreNodeHasOneConnection(t *testing.T) {
	nodes, _ := cores(t, 3)
	for range 3 {
		if nodes[0].ConnTo("n1") != nodes[0].Conn() {
			t.Error("a second connection")
		}
	}
}

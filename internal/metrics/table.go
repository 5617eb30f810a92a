package metrics

import (
	"slices"

	"github.com/parley-dm/parley/internal/httpapi"
)

// Table lists all metrics of a node, but for those of the Go runtime and the process, in the order
// of their document.
func Table() []Row {
	return slices.Concat(nodeRows(), userRows(), messageRows(), directoryRows(), linkRows(), hookRows(), storageRows())
}

func nodeRows() []Row {
	return []Row{
		{
			Name: "parley_node_info", Kind: httpapi.Gauge, Labels: []string{"node"}, Help: "1, with the name of the node.",
			Read: func(r *Readings, add httpapi.Add) { add(1, r.Node) },
		},
		flag(ofNode, "parley_ready", "1 if the node takes users, as /readyz says, else 0.", func(r *Readings) bool { return r.Ready }),
		gauge(ofNode, "parley_members", "Members in this node's view of the cluster, this node included. 0: it is not a member.",
			func(r *Readings) int { return r.Members }),
	}
}

package natsnode

// Stats is the state of a node's way to JetStream.
type Stats struct {
	Connected  bool
	Reconnects uint64
	// Memory is what all storages take on this node, in bytes: their entries are in memory. 0: they
	// are kept elsewhere.
	Memory uint64
}

// Stats reads the state.
func (n *Node) Stats() Stats {
	s := Stats{Connected: n.conn.IsConnected(), Reconnects: n.conn.Stats().Reconnects}
	if n.server != nil {
		if js, err := n.server.Jsz(nil); err == nil {
			s.Memory = js.Memory
		}
	}

	return s
}

package mesh

import "net"

// defaultLinks is where links come in if nothing else was said.
const defaultLinks = "127.0.0.1:0"

// advertised is the address that other nodes are told for a listener. One that listens at all addresses is told by one of them: that of the cluster
// address, if it has one, or else the first that is not the machine's own affair.
func advertised(listener net.Addr, cluster string) string {
	host, port, err := net.SplitHostPort(listener.String())
	if err != nil || !unspecified(host) {
		return listener.String()
	}
	if named, _, err := net.SplitHostPort(cluster); err == nil && !unspecified(named) {
		return net.JoinHostPort(named, port)
	}

	return net.JoinHostPort(outward(), port)
}

func unspecified(host string) bool {
	ip := net.ParseIP(host)

	return host == "" || ip != nil && ip.IsUnspecified()
}

// outward is an address of this machine: the first one of IPv4 that reaches out, or one of IPv6, or loopback.
func outward() string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return "127.0.0.1"
	}
	found := "127.0.0.1"
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		switch {
		case !ok || !n.IP.IsGlobalUnicast():
		case n.IP.To4() != nil:
			return n.IP.String()
		case found == "127.0.0.1":
			found = n.IP.String()
		}
	}

	return found
}

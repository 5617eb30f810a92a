package link

import "net"

// advertised returns the address that other nodes get for a listener. An unspecified host is
// replaced by the first outward address of this machine.
func advertised(listener net.Addr) string {
	host, port, err := net.SplitHostPort(listener.String())
	if err != nil || !unspecified(host) {
		return listener.String()
	}

	return net.JoinHostPort(outward(), port)
}

func unspecified(host string) bool {
	ip := net.ParseIP(host)

	return host == "" || ip != nil && ip.IsUnspecified()
}

// outward returns the first global IPv4 address of this machine, else one of IPv6, else loopback.
func outward() string {
	const loopback = "127.0.0.1"
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return loopback
	}
	found := loopback
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		switch {
		case !ok || !n.IP.IsGlobalUnicast():
		case n.IP.To4() != nil:
			return n.IP.String()
		case found == loopback:
			found = n.IP.String()
		}
	}

	return found
}

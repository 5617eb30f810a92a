package natsnode

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
)

// RoutesAfter is how far the port of routes is from that of the core address.
const RoutesAfter = 1

func split(addr string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("core address %q: %w", addr, err)
	}
	port, err = strconv.Atoi(digits)
	if err != nil || port < 1 || port+RoutesAfter > 65535 {
		return "", 0, fmt.Errorf("core address %q: it needs a port from 1 to 65534: the next one is for routes between core nodes", addr)
	}

	return host, port, nil
}

func route(host string, port int) *url.URL {
	return &url.URL{Scheme: "nats-route", Host: net.JoinHostPort(host, strconv.Itoa(port))}
}

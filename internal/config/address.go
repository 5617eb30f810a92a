package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const maxPort = 65535

// splitAddress takes host:port apart. An empty host means all interfaces.
func splitAddress(text string) (host string, port int, err error) {
	host, digits, err := net.SplitHostPort(text)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no address: write host:port, such as 127.0.0.1:7200", text)
	}
	port, err = strconv.Atoi(digits)
	if err != nil || port < 0 || port > maxPort {
		return "", 0, fmt.Errorf("%q has no port from 0 to %d", text, maxPort)
	}

	return host, port, nil
}

func checkListener(text string) (string, error) {
	if text == Off {
		return Off, nil
	}
	if _, _, err := splitAddress(text); err != nil {
		return "", fmt.Errorf("%w, or off", err)
	}

	return text, nil
}

// checkOptional is checkListener for an address whose default is off: that is kept as the empty
// string.
func checkOptional(text string) (string, error) {
	checked, err := checkListener(text)
	if checked == Off {
		return "", err
	}

	return checked, err
}

func parseJoin(text string) ([]string, error) {
	var addrs []string
	for addr := range strings.SplitSeq(text, ",") {
		addr = strings.TrimSpace(addr)
		if addr == "" {
			continue
		}
		if err := checkReachable(addr); err != nil {
			return nil, err
		}
		addrs = append(addrs, addr)
	}

	return addrs, nil
}

// checkReachable accepts an address that other machines can dial: a host (a name, or an IP address
// that is not "all interfaces") and a port.
func checkReachable(addr string) error {
	host, port, err := splitAddress(addr)
	switch ip := net.ParseIP(host); {
	case err != nil:
		return err
	case host == "", port == 0, ip != nil && ip.IsUnspecified():
		return fmt.Errorf("%q is no address that can be reached: write the node's host and port, such as 10.0.0.2:7300", addr)
	case ip == nil && !strings.Contains(host, "%") && !dialableName(host):
		return fmt.Errorf("%q is no host name: write a name or an IP address and a port, such as parley.internal:7300", host)
	}

	return nil
}

// dialableName reports whether a resolver can know the name. Underscores are no part of host names,
// and in use.
func dialableName(host string) bool {
	const longest = 253

	return len(host) <= longest && !strings.HasPrefix(host, "-") && strings.IndexFunc(host, func(r rune) bool { return !nodeRune(r) }) < 0
}

func checkAdvertise(text string) (string, error) {
	if text == "" {
		return "", nil
	}

	return text, checkReachable(text)
}

// checkNATS does not show the URL: it may hold a password.
func checkNATS(text string) (string, error) {
	for part := range strings.SplitSeq(text, ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme) {
			return "", errors.New("it is no URL of a NATS server: write nats://host:4222 (or tls, ws, wss), several with commas")
		}
	}

	return text, nil
}

// reachable tells whether a listener at this address can be reached from other machines.
func reachable(addr string) bool {
	host, _, err := splitAddress(addr)
	if err != nil || host == "localhost" {
		return false
	}
	host, _, _ = strings.Cut(host, "%") // an IPv6 zone
	ip := net.ParseIP(host)

	return ip == nil || !ip.IsLoopback()
}

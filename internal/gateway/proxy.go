package gateway

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Trusted proxies say where a client is: at the beginning of a connection with a header of the
// PROXY protocol, version 2, or in X-Forwarded-For of a WebSocket handshake. Both count from an
// address of Config.TrustedProxies only, and both may be missing.
//
//	signature 12 | version, command | family, protocol | length u16 | addresses, TLVs

const (
	proxySignature = "\r\n\r\n\x00\r\nQUIT\n"
	proxyHead      = len(proxySignature) + 4
	maxProxyHeader = 4096 // of what follows the head

	proxyVersion2 = 0x20
	proxyLocal    = 0x0 // the proxy itself connects: to check the node's health, for instance
	proxyProxy    = 0x1
	proxyTCP4     = 0x11
	proxyTCP6     = 0x21
	tcp4Addresses = 4 + 4 + 2 + 2
	tcp6Addresses = 16 + 16 + 2 + 2
)

var errProxyHeader = errors.New("gateway: not a header of the PROXY protocol, version 2")

// trusted tells whether the address is a proxy's.
func (g *Gateway) trusted(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range g.cfg.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}

	return false
}

// readProxyHeader reads a header if the connection begins with one. It returns the client's
// address, the zero AddrPort if the header names none, or the one byte that is no header.
func readProxyHeader(conn io.Reader) (client netip.AddrPort, early []byte, err error) {
	var head [proxyHead]byte
	if _, err := io.ReadFull(conn, head[:1]); err != nil {
		return client, nil, err
	}
	if head[0] != proxySignature[0] {
		return client, head[:1], nil
	}
	if _, err := io.ReadFull(conn, head[1:]); err != nil {
		return client, nil, err
	}
	length := int(binary.BigEndian.Uint16(head[proxyHead-2:]))
	if string(head[:len(proxySignature)]) != proxySignature || head[12]&0xf0 != proxyVersion2 || length > maxProxyHeader {
		return client, nil, errProxyHeader
	}
	rest := make([]byte, length)
	if _, err := io.ReadFull(conn, rest); err != nil {
		return client, nil, err
	}
	client, err = proxiedAddress(head[12]&0x0f, head[13], rest)

	return client, nil, err
}

func proxiedAddress(command, family byte, rest []byte) (client netip.AddrPort, err error) {
	switch {
	case command == proxyLocal:
		return netip.AddrPort{}, nil
	case command != proxyProxy:
		return netip.AddrPort{}, errProxyHeader
	case family == proxyTCP4 && len(rest) >= tcp4Addresses:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(rest)), binary.BigEndian.Uint16(rest[8:])), nil
	case family == proxyTCP6 && len(rest) >= tcp6Addresses:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(rest)).Unmap(), binary.BigEndian.Uint16(rest[32:])), nil
	case family == proxyTCP4 || family == proxyTCP6:
		return netip.AddrPort{}, errProxyHeader
	}

	return netip.AddrPort{}, nil // of a family that has no IP addresses
}

// forwardedFor is the client's address of a request that came through a trusted proxy: the last one
// in X-Forwarded-For that is not itself a trusted proxy's. It is invalid if there is none.
func (g *Gateway) forwardedFor(r *http.Request) (client netip.AddrPort) {
	list := elements(r.Header.Values("X-Forwarded-For"))
	for _, text := range slices.Backward(list) {
		addr, err := parseForwarded(text)
		if err != nil {
			return client // what is before it may be forged
		}
		client = addr
		if !g.trusted(addr.Addr()) {
			return client
		}
	}

	return client
}

// parseForwarded reads an IP address, with or without a port. Without, the port is 0.
func parseForwarded(text string) (netip.AddrPort, error) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return netip.AddrPortFrom(addr.Unmap().WithZone(""), 0), nil
	}
	addr, err := netip.ParseAddrPort(text)

	return netip.AddrPortFrom(addr.Addr().Unmap().WithZone(""), addr.Port()), err
}

// addressOf is the IP address of a connection's other end; invalid if it has none.
func addressOf(a net.Addr) netip.Addr {
	if a == nil {
		return netip.Addr{}
	}
	if tcp, ok := a.(*net.TCPAddr); ok {
		addr, _ := netip.AddrFromSlice(tcp.IP)

		return addr.Unmap()
	}
	ap, _ := netip.ParseAddrPort(a.String())

	return ap.Addr().Unmap()
}

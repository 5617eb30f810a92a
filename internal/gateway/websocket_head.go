package gateway

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/parley-dm/parley/wire"
)

// The head of a WebSocket handshake (RFC 6455, section 4.2.1), read as RFC 9110 reads headers: a
// list may stand on several lines, in any order and case, with empty elements.

const (
	wsVersion   = "13"
	wsKeySize   = 16
	headerKey   = "Sec-WebSocket-Key"
	headerVers  = "Sec-WebSocket-Version"
	headerProto = "Sec-WebSocket-Protocol"
)

// checkHandshake returns the status and the text of the HTTP error for a request that is no
// handshake; 0 if it is one.
func checkHandshake(r *http.Request) (status int, text string) {
	switch {
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed, "a WebSocket begins with GET"
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1:
		return http.StatusHTTPVersionNotSupported, "a WebSocket needs HTTP/1.1"
	case !hasToken(r.Header.Values("Upgrade"), "websocket"):
		return http.StatusUpgradeRequired, "this is a WebSocket: Upgrade: websocket is missing"
	case !hasToken(r.Header.Values("Connection"), "upgrade"):
		return http.StatusBadRequest, "Connection: Upgrade is missing"
	case len(r.Header.Values(headerVers)) != 1 || r.Header.Get(headerVers) != wsVersion:
		return http.StatusUpgradeRequired, "Sec-WebSocket-Version must be 13, once"
	}
	keys := r.Header.Values(headerKey)
	if len(keys) != 1 {
		return http.StatusBadRequest, "Sec-WebSocket-Key must be there once"
	}
	if key, err := base64.StdEncoding.DecodeString(keys[0]); err != nil || len(key) != wsKeySize {
		return http.StatusBadRequest, "Sec-WebSocket-Key must be 16 bytes in base64"
	}

	return 0, ""
}

// canonical returns the request in the form that the upgrader of package ws understands: it reads
// the first line of a header alone.
func canonical(r *http.Request) *http.Request {
	one := *r
	one.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}
	one.Header.Set(headerVers, wsVersion)
	one.Header.Set(headerKey, r.Header.Get(headerKey))
	if slices.Contains(elements(r.Header.Values(headerProto)), wire.Subprotocol) {
		one.Header.Set(headerProto, wire.Subprotocol)
	}

	return &one
}

// elements are those of a list that may stand on several lines.
func elements(lines []string) []string {
	var list []string
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if element = strings.Trim(element, " \t"); element != "" {
				list = append(list, element)
			}
		}
	}

	return list
}

func hasToken(lines []string, token string) bool {
	return slices.ContainsFunc(elements(lines), func(e string) bool { return strings.EqualFold(e, token) })
}

// allOrigins in Config.Origins allows every page.
const allOrigins = "*"

// originAllowed tells whether the page that opens the WebSocket may: a browser sends the page's
// origin, other programs send none. Without Config.Origins the page must be of the host that it
// connects to.
func (g *Gateway) originAllowed(r *http.Request) bool {
	lines := r.Header.Values("Origin")
	if len(lines) == 0 {
		return true
	}
	if len(lines) > 1 {
		return false
	}
	if len(g.cfg.Origins) > 0 {
		return slices.ContainsFunc(g.cfg.Origins, func(allowed string) bool {
			return allowed == allOrigins || sameOrigin(allowed, lines[0])
		})
	}
	u, err := url.Parse(lines[0])

	return err == nil && u.Host != "" && strings.EqualFold(withPort(u.Host, u.Scheme), withPort(r.Host, u.Scheme))
}

func sameOrigin(allowed, origin string) bool {
	if allowed == origin {
		return true
	}
	a, err := url.Parse(allowed)
	if err != nil {
		return false
	}
	o, err := url.Parse(origin)

	return err == nil && o.Host != "" && strings.EqualFold(a.Scheme, o.Scheme) &&
		strings.EqualFold(withPort(a.Host, a.Scheme), withPort(o.Host, o.Scheme))
}

// withPort adds the scheme's own port to a host without one.
func withPort(host, scheme string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	port := "80"
	if strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "wss") {
		port = "443"
	}

	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

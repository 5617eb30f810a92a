package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// LocalHost lets only requests through whose Host is the address of the connection or localhost. A
// page in a browser can reach a listener on this machine by a name of its own (DNS rebinding); its
// Host is that name.
func LocalHost(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !localHost(r) {
			say(w, http.StatusForbidden, "the Host of the request must be this listener's IP address or localhost")

			return
		}
		h.ServeHTTP(w, r)
	})
}

func localHost(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if err != nil {
		return false
	}
	if ip.IsLoopback() {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())

	return err == nil && at.Addr().Unmap() == ip.Unmap()
}

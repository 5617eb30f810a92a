package httpapi

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// Hosts passes on requests whose Host is an IP address, localhost, or one of these names: a page of
// another site cannot have a browser ask for them by a name of its own (DNS rebinding).
func Hosts(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
		same := func(name string) bool { return strings.EqualFold(name, host) }
		if net.ParseIP(host) == nil && !same("localhost") && !slices.ContainsFunc(names, same) {
			refuse(w, problem(http.StatusMisdirectedRequest, "the host of this request is not one of this listener: see --admin-hosts"))

			return
		}
		next.ServeHTTP(w, r)
	})
}

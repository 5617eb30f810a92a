// Package httpapi is what a node says over HTTP.
//
//	GET /healthz   200 as soon as the listener is open, before the node is a member of its cluster
//	GET /readyz    200 when the node takes users, else 503 and the reason in one line
//	GET /ws        WebSocket; 503 until the node can serve clients
//	GET /metrics   metrics in Prometheus' text format, read from counters when they are asked for
//
// [Profiles] is for a listener of its own.
//
// # Limits
//
// Nothing here is authenticated: these pages tell nothing of users. Bodies of requests are not
// read.
package httpapi

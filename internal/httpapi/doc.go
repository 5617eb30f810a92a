// Package httpapi is what a node says over HTTP.
//
//	GET /healthz   200 as long as the process serves
//	GET /readyz    200 when the node takes users, else 503 and why not
//	GET /ws        WebSocket, answered by the handler that New is given
//
// [Profiles] is for a listener of its own.
//
// # Limits
//
// Nothing here is authenticated: these pages tell nothing of users. Bodies of requests are not read.
package httpapi

// Package httpapi is what a node says over HTTP.
//
//	GET /healthz   200 as soon as the listener is open, before the node is a member of its cluster
//	GET /readyz    200 when the node takes users, else 503 and the reason in one line
//	GET /ws        WebSocket; 503 until the node can serve clients
//	GET /metrics   metrics in Prometheus' text format, read from counters when they are asked for
//	GET /dashboard the page for operators, for a browser; all that it shows comes from the API
//	/v1/...        the server-to-server API, for clients with the admin key; openapi.json describes it
//
// What the API is asked for a [Backend] does. [Profiles] is for operators only, and [Hosts] for
// their listener; [LocalHost] for that of profiles alone.
//
// # Limits
//
// Only [API], and what [Bearer] wraps, is authenticated. Idempotency keys are kept in memory, at
// most 100,000, for 10 minutes.
package httpapi

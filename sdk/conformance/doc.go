// Command conformance runs a client of any language through scripts of exchanges with real nodes
// and a faulty proxy between them.
//
//	go run ./sdk/conformance -- COMMAND
//
// COMMAND starts the client's adapter, which does what lines of JSON on its standard input say.
// The README tells how to write one; package adapter defines the lines.
//
//	scripts/*.txt ──▶ stage ──lines──▶ adapter process ── the client ──┐
//	                    │                                              ▼
//	                    └── makes faults ─────────────────────────▶ proxy ──▶ nodes, in this process
//
// It begins with suite and play; requests and commands are what scripts can say.
//
// # Limits
//
// Nodes are not killed, but stopped: they share the suite's process. A proxy that cuts connections
// stands in for a node that dies.
package main

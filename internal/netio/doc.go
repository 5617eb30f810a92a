// Package netio reads and writes TCP connections with single system calls.
//
// What net.Conn does not offer, and everything here that is quick needs: a write that would have to
// wait is seen before it waits, and a buffer for reading is taken only when there is something to
// read.
//
//	                ┌──────────────── Conn ────────────────┐
//	TryWrite(p) ──▶ │ one write, whatever it takes         │
//	Write(p)    ──▶ │ waits until the system takes some    │ ──▶ the connection, through the runtime's poller
//	Read(in)    ──▶ │ waits; then in.Space(), one read     │
//	                └──────────────────────────────────────┘
//
// One goroutine reads and one writes at a time; the two may be different. Nothing is allocated for
// a call. The rest (deadlines, addresses, closing) is the net.Conn's, which stays in use beside it:
// closing it, or a deadline, ends the calls here too.
//
// A [RawConn] connection does without the runtime's poller altogether, and a [Loop] watches any number
// of them with one goroutine.
//
// # Limits
//
// It works on unix, for a *net.TCPConn. Elsewhere [Conn.Use] returns false, and the caller reads
// and writes as usual; so it does for TLS, whose records have to be whole. RawConn and Loop are for
// Linux: elsewhere NewLoop returns nil, and Take false.
package netio

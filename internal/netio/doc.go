// Package netio reads and writes TCP connections with single system calls.
//
// It adds two things to net.Conn: a write that would block is reported instead of waiting, and a
// read buffer is taken only when there is something to read.
//
//	                ┌──────────────── Conn ────────────────┐
//	TryWrite(p) ──▶ │ one write of what the system accepts │
//	Write(p)    ──▶ │ waits until the system accepts some  │ ──▶ the connection, through the runtime's poller
//	Read(buf)   ──▶ │ waits; then buf.Space(), one read    │
//	                └──────────────────────────────────────┘
//
// One goroutine reads and one writes at a time; the two may be different. A call allocates nothing.
// Deadlines, addresses and closing stay with the net.Conn: closing it, or a deadline, ends the
// calls here too.
//
// A [RawConn] bypasses the runtime's poller altogether, and a [Loop] watches any number of them
// with one goroutine (epoll, edge-triggered).
//
// # Limits
//
// Conn works on Unix, for a *net.TCPConn. Elsewhere, and for TLS, whose records have to be whole,
// [Conn.Use] returns false, and the caller uses the net.Conn. RawConn and Loop need Linux:
// elsewhere NewLoop returns nil, and Adopt false.
package netio

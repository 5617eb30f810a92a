// Package netio is what gateway, link and client have in common towards the network: connections
// that are read and written with single system calls, loops that watch many of them, the read
// buffer of gateway and link, and the writer that combines what many goroutines send.
//
//	             ┌──────────────── Conn ────────────────┐
//	TryWrite(p) ▶│ one write of what the system accepts │
//	Write(p)    ▶│ waits until the system accepts some  │──▶ the connection, through the runtime's poller
//	Read(buf)   ▶│ waits; then buf.Space(), one read    │
//	             └──────────── Watch │ ─────────────────┘
//	                                 ▼
//	Loop ── OnReadable ─▶ TryRead, TryWrite ──▶ the descriptor alone, watched by the loop (epoll, edge-triggered)
//
// Begin with [Conn]; then [Loop], [ReadBuffer] for what has arrived, and [Combine] for what is
// sent.
//
// # Limits
//
// Single system calls need Unix and a connection with a descriptor of its own: over TLS, whose
// records have to be whole, and elsewhere, [Conn.NonBlocking] is false, and Read and Write are
// those of the net.Conn. Watching needs Linux: elsewhere Loops.Next returns nil, and Watch false.
package netio

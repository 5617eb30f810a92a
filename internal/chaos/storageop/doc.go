// Package storageop is the command by which the clients of a run of chaos reach the storages of its
// nodes.
//
//	worker ── Request ──▶ node: Serve ──▶ dive.Storage
//	   ▲                                     │
//	   └────────── Answer ◀──────────────────┘
//
// # Limits
//
// An operation takes up to the storage's timeout; the node answers it then with Unknown or Failed.
package storageop

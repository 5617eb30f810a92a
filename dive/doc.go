// Package dive is named storages that all nodes of a cluster share: which user is in which match, a
// counter, a short queue.
//
//	dive.Setup("configs/dive.json")        // {"storages": {"Online": {"defaultTTL": 60}}}
//	online := dive.GetStorageByName("Online")
//	...
//	err := online.Set("alice", "node-1")   // on any node, once it has started
//	at, err := online.Get("alice").ToString()
//	n, err := online.IncrBy("logins", 1).ToInt64()
//
// A key holds a value (a bool, an integer, a float, a string, a []byte, or a slice of them), which
// keeps its type, or a list, which is pushed to and popped from. Each entry has a time to live,
// 1 to 86400 seconds, which every write sets anew: to the operation's own, or to the storage's
// default.
//
//	Storage ──▶ compare-and-set loop (internal/bucket) ──▶ NATS JetStream, in memory
//	Result  ◀── values with their types (internal/value) ◀──┘
//
// Every operation is atomic: IncrBy, SetIfNotExists, pushes and pops from several nodes at once
// lose nothing, and pop nothing twice.
//
// # Where the storages are
//
// On a single node: in its own memory. In a cluster: on its core nodes, which have --core; every
// node names them with --core-nodes. Or on a NATS cluster that runs already: --nats. What is kept
// when nodes die is in docs/dive.md.
//
// # Errors
//
// Operations wait at most the storage's timeout (3 s) for the core nodes. Test errors with
// errors.Is against [ErrUnavailable] and the others, or with the predicates of the original
// engine ([IsGetError]; docs/migrate.md). Direct messages do not depend on storages.
//
// # Limits
//
// Keys are 1 to 200 bytes. An entry, a whole list included, fits 1 MB; each push and pop writes the
// list anew, so that lists should be short. Entries expire up to about a second late. After
// [ErrUnavailable] with "the outcome is unknown" the write may have happened. All nodes must know a
// storage by the same settings. Everything is in memory: when all that keep it die, it is gone.
package dive

// Package bucket is a map from keys to bytes in one in-memory stream of NATS JetStream.
//
//	Get, Set, Update ──▶ requests ──▶ stream PARLEY_<name>
//	                                    parley.dive.<name>.<key>: the newest message is the entry
//
// Each key is a subject of the stream, which keeps one message for each subject. A write is a
// message with a time to live. A deletion is a message without a value, which expires soon.
//
// # Compare and set
//
// Update reads the entry, lets the caller change it, and writes on condition that the sequence
// number of the key's newest message is still the one that was read; else it starts again, after a
// random pause. So no update is lost, and none is made twice on the same value.
//
// A write without an answer (a server died, a connection broke) is resolved: each message carries
// the write IDs of the last writes to its key, see [trail]. If the next read shows the ID of the
// write, it has happened. If it shows the ID of the write before, followed by others, it has not,
// and cannot any more. If it shows neither, the outcome is unknown, and the caller is told so.
//
// With more than one replica reads go to the leader of the stream: followers lag.
//
// # Limits
//
// An entry must fit the server's largest message (1 MiB unless its operator has changed it).
// Entries expire up to a second or so late.
package bucket

package messages

import "github.com/parley-dm/parley/internal/latency"

// Traffic counts since the start. An item that was carried again, because its recipient had moved,
// counts again.
type Traffic struct {
	Local  uint64 // items carried to a session of this node
	Linked uint64 // items carried over a link
	Holds  uint64 // times a client was not read from because its messages found no room

	LookupTime   latency.Snapshot // of lookups that the directory has answered
	CallbackTime latency.Snapshot // of the receive callbacks of a message, and of its message callbacks
}

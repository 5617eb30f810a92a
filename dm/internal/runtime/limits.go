package runtime

import (
	"github.com/parley-dm/parley/dm/internal/codec"
	"github.com/parley-dm/parley/dm/internal/core"
)

// All bounds on what one user may hold of this node stand here, with what answers beyond them. The
// length of a message and the number of channels are settings.

// What one user sends and what has no outcome yet. Beyond these, and beyond the node's memory for
// queues: ErrOverloaded (5007). A client that uses the commands is not read from before it comes to
// that: see fairness.go.
const (
	maxItems    = 1024     // to one peer
	maxAllItems = 64 << 10 // to all peers
	maxBytes    = 8 << 20  // to all peers
	maxCalls    = 4096     // outcomes that the user's callbacks have not been told
)

// What has arrived for one user and its callbacks have not seen. Beyond these: ErrRecipientBusy
// (5006). Only ends are taken then, and lose their message: there is one at most for each channel.
const (
	maxInboxItems = 4096
	maxInboxBytes = 8 << 20
)

// Shares: see fairness.go.
const (
	// maxLookups is how many lookups a client's commands may have under way.
	maxLookups = 256
	// maxShare is what one sender may have in a recipient's queue, in bytes: a quarter of what the
	// gateway queues for a client. A message counts as leastWeight at least.
	maxShare    = 256 << 10
	leastWeight = 256
)

// limits are the bounds that the core watches.
func (m *Runtime) limits() core.Limits {
	return core.Limits{Items: maxItems, AllItems: maxAllItems, Bytes: maxBytes, Channels: m.settings.MaxChannelsPerUser}
}

// roomForItem tells whether one more item of so many bytes may wait for its outcome. The session is
// locked.
func (s *session) roomForItem(c *core.Conversation, bytes int) bool {
	return s.core.Room(c, bytes) && s.m.parts.Memory.Allows(s.core.Bytes()+bytes)
}

// inboxFull tells whether an arrival finds no room. The session is locked.
func (s *session) inboxFull(in *codec.Item) bool {
	return s.inboxBytes.Load() > maxInboxBytes || s.inboxWaiting.Load() >= maxInboxItems || s.shareUsed(in)
}

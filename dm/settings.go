package dm

import (
	"time"

	"github.com/parley-dm/parley/dm/internal/runtime"
)

// Settings are what dm.json holds.
type Settings struct {
	// ReliableTimeout is how long a message may take before its sender is told that the outcome is
	// unknown: 10 ms to 10 minutes. A message to a connected user takes about a millisecond: raise
	// it only if nodes are far apart, lower it if senders wait for the answer.
	ReliableTimeout time.Duration
	// MaxMessageSize is the length in bytes of the longest message, at most 1,000,000. All nodes of
	// a cluster should have the same.
	MaxMessageSize int
	// MaxChannelsPerUser bounds what a node remembers for one user, at most 1,000,000; beyond it
	// the least recently used channel is dropped, and the next message to that peer looks it up
	// again.
	MaxChannelsPerUser int
	// ChannelIdleTimeout is after how long without a message a channel is dropped on both sides: 1
	// s to 30 days.
	ChannelIdleTimeout time.Duration
}

// DefaultSettings returns what holds where dm.json says nothing.
func DefaultSettings() Settings { return Settings(runtime.DefaultSettings()) }

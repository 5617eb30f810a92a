package runtime

import (
	"fmt"
	"slices"
	"time"

	"github.com/parley-dm/parley/internal/strictjson"
)

// Settings are what dm.json holds.
type Settings struct {
	// ReliableTimeout is how long a message may take before its sender is told that the outcome is
	// unknown. A message to a user that is there takes about a millisecond: raise it only if nodes
	// are far apart, lower it if senders wait for the answer.
	ReliableTimeout time.Duration
	// MaxMessageSize is the length in bytes of the longest message. All nodes of a cluster should
	// have the same.
	MaxMessageSize int
	// MaxChannelsPerUser bounds what a node remembers for one user; beyond it the least recently
	// used channel is dropped, and the next message to that peer finds it again.
	MaxChannelsPerUser int
	// ChannelIdleTimeout is after how long without a message a channel is dropped on both sides.
	ChannelIdleTimeout time.Duration
}

// DefaultSettings returns what holds where dm.json says nothing.
func DefaultSettings() Settings {
	return Settings{
		ReliableTimeout:    3 * time.Second,
		MaxMessageSize:     65536,
		MaxChannelsPerUser: 1024,
		ChannelIdleTimeout: 30 * time.Minute,
	}
}

// The bounds of the settings.
const (
	minReliableTimeout    = 10 * time.Millisecond
	maxReliableTimeout    = 10 * time.Minute
	maxMaxMessageSize     = 1_000_000 // far below what a link carries
	maxMaxChannels        = 1_000_000
	minChannelIdleTimeout = time.Second
	maxChannelIdleTimeout = 30 * 24 * time.Hour
)

// Check tells what is out of bounds.
func (s Settings) Check() error {
	if err := checkRange("reliableTimeout", s.ReliableTimeout, minReliableTimeout, maxReliableTimeout); err != nil {
		return err
	}
	if err := checkRange("maxMessageSize", s.MaxMessageSize, 1, maxMaxMessageSize); err != nil {
		return err
	}
	if err := checkRange("maxChannelsPerUser", s.MaxChannelsPerUser, 1, maxMaxChannels); err != nil {
		return err
	}

	return checkRange("channelIdleTimeout", s.ChannelIdleTimeout, minChannelIdleTimeout, maxChannelIdleTimeout)
}

func checkRange[T int | time.Duration](key string, value, least, most T) error {
	if value < least || value > most {
		return fmt.Errorf("%q is %v: it must be from %v to %v", key, value, least, most)
	}

	return nil
}

// ownKeys are the keys of dm.json; withoutEffect are those of the original engine
// (docs/migrate.md), which files that were written for it may still hold: here a user is found by
// asking for it, and there is no storage to set up.
var (
	ownKeys       = []string{"reliableTimeout", "maxMessageSize", "maxChannelsPerUser", "channelIdleTimeout"}
	withoutEffect = []string{
		"storageTargetNodeType", "storageRingSize", "storageMigration", "storageMigrationBatchSize", "storageMigrationInterval",
	}
)

// ParseSettings reads the text of dm.json: what it does not mention keeps its default. Each warning
// and the error is one line.
func ParseSettings(data []byte) (settings Settings, warnings []string, err error) {
	settings = DefaultSettings()
	fields, err := strictjson.Object(data, slices.Concat(ownKeys, withoutEffect))
	if err != nil {
		return Settings{}, nil, err
	}
	for _, field := range fields {
		if slices.Contains(withoutEffect, field.Key) {
			warnings = append(warnings, fmt.Sprintf("line %d: %q has no effect in Parley: take it out", field.Line, field.Key))

			continue
		}
		if err := assign(&settings, field); err != nil {
			return Settings{}, nil, err
		}
	}

	return settings, warnings, nil
}

// assign sets what one key of the file says.
func assign(s *Settings, field strictjson.Field) (err error) {
	switch field.Key {
	case "reliableTimeout":
		s.ReliableTimeout, err = field.Duration()
	case "maxMessageSize":
		s.MaxMessageSize, err = field.Int()
	case "maxChannelsPerUser":
		s.MaxChannelsPerUser, err = field.Int()
	case "channelIdleTimeout":
		s.ChannelIdleTimeout, err = field.Duration()
	}
	if err != nil {
		return err
	}
	if err := s.Check(); err != nil { // all others are in bounds: it is this one
		return fmt.Errorf("line %d: %w", field.Line, err)
	}

	return nil
}

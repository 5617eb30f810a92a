package overview

import (
	"time"

	"github.com/parley-dm/parley/internal/latency"
)

// The groups of Node.Counters.
const (
	Ways     = "ways"     // that messages took: local, link, lookup
	Outcomes = "outcomes" // of messages, by name
	Refused  = "refused"  // connections and logins that were refused, by reason
	Shaping  = "shaping"  // times that a client was slowed, or a queue was full, by name
	Ended    = "ended"    // links that have ended, by reason
)

// Node is what a node says of itself. Its JSON is what nodes tell each other: unknown keys are
// ignored, and a key that is missing is a figure that the node does not have.
type Node struct {
	ID      string           `json:"id"`
	Started time.Time        `json:"started"` // of its clock
	Age     time.Duration    `json:"age"`     // since then, by a clock that is not set; rates count by it
	Ready   bool             `json:"ready"`
	Reason  string           `json:"reason,omitempty"` // why it is not ready
	Users   map[string]int64 `json:"users,omitempty"`  // connected now, by transport
	Members int              `json:"members"`          // in its view, itself included
	Settled bool             `json:"settled"`          // all members have announced its view

	QueueBytes int64 `json:"queue_bytes"`           // hold the queues of its users
	QueueLimit int64 `json:"queue_limit,omitempty"` // 0: there is none

	Counters map[string]map[string]uint64 `json:"counters,omitempty"` // since the start, by group and name
	Times    map[string]Times             `json:"times,omitempty"`    // since the start, by name
	Links    []Link                       `json:"links,omitempty"`
	Views    []View                       `json:"views,omitempty"` // that the asking node does not have yet
}

// Times are durations since the start of a node: how many there are in each bucket of package
// latency.
type Times []uint64

// TimesOf takes over a histogram, without the empty buckets at its end.
func TimesOf(s latency.Snapshot) Times {
	n := len(s.Counts)
	for n > 0 && s.Counts[n-1] == 0 {
		n--
	}

	return append(Times(nil), s.Counts[:n]...)
}

// Link is a node's half of the link to another node.
type Link struct {
	To        string        `json:"to"`
	Suspended bool          `json:"suspended,omitempty"`
	Queued    int64         `json:"queued,omitempty"`     // bytes that the other node has not acknowledged
	RoundTrip time.Duration `json:"round_trip,omitempty"` // of the last probe that came back; 0: none has
}

// View is a change of a node's view.
type View struct {
	Number  uint64    `json:"number"` // counts up from 1 in the life of the node
	At      time.Time `json:"at"`
	Members int       `json:"members"` // after the change
	Joined  []string  `json:"joined,omitempty"`
	Left    []Left    `json:"left,omitempty"`
}

// Left is a node that is not in a view any more.
type Left struct {
	ID  string `json:"id"`
	Why string `json:"why,omitempty"` // "": the node that tells of it does not know
}

package overview

import "time"

// Picture is a cluster at one moment, as one of its nodes has it from all.
type Picture struct {
	Figures

	At        time.Time `json:"at"` // of the clock of the node that has made it
	By        string    `json:"by"`
	Members   int       `json:"members"`   // in that node's view
	Answering int       `json:"answering"` // of these, with all figures: the sums are theirs
	Users     int64     `json:"users"`     // of all that tell, those of other versions included

	Nodes   []NodePicture `json:"nodes"`
	Links   []LinkPicture `json:"links"`
	LeftOff int           `json:"links_left_off,omitempty"` // links beyond the bound
	Changes []Change      `json:"changes"`                  // of views, the latest first
}

// State is how a node is.
type State string

// The states of nodes.
const (
	Ready    State = "ready"
	NotReady State = "not_ready"
	Silent   State = "silent" // a member that has not answered in time
	Other    State = "other"  // a member of another version, which has not these figures
	Gone     State = "gone"   // not a member any more
)

// NodePicture is a node in a Picture. One that does not answer keeps its last figures but for rates
// and percentiles.
type NodePicture struct {
	Figures

	ID      string           `json:"id"`
	Name    string           `json:"name"`
	State   State            `json:"state"`
	Reason  string           `json:"reason,omitempty"`  // for each state but ready
	Since   *time.Time       `json:"since,omitempty"`   // of the state, unless it is ready, as far as was watched: see Silent
	Heard   *time.Time       `json:"heard,omitempty"`   // when it gave the figures below
	Started *time.Time       `json:"started,omitempty"` // by its own clock
	Users   map[string]int64 `json:"users,omitempty"`
	Members int              `json:"members"`
	Settled bool             `json:"settled"`

	QueueBytes int64 `json:"queue_bytes"`
	QueueLimit int64 `json:"queue_limit,omitempty"`
}

// LinkPicture is the half of a link that one node has.
type LinkPicture struct {
	From      string  `json:"from"`
	To        string  `json:"to"`
	Suspended bool    `json:"suspended,omitempty"`
	Queued    int64   `json:"queued,omitempty"`
	RoundTrip float64 `json:"round_trip,omitempty"` // microseconds
}

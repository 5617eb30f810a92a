package httpapi

import (
	"context"
	"time"

	"github.com/parley-dm/parley/wire"
)

// Backend does what the API is asked for. Errors are a *Problem, or that of the context. All
// methods are safe for use by several goroutines.
type Backend interface {
	// Send sends a message in the name of a user ID, and waits for its outcome.
	Send(ctx context.Context, m Message) (wire.Receipt, error)
	// Users tells where users are, in the order of the IDs.
	Users(ctx context.Context, ids []string) ([]User, error)
	// Remove sends a user away, wherever it is, and bans it if ban is set. With a ban of 0 it lifts
	// a ban, and ends no session.
	Remove(ctx context.Context, id string, ban *time.Duration) (Removal, error)
	// Nodes describes the members of the cluster.
	Nodes(ctx context.Context) ([]Node, error)
	// Pictures gives send a picture of the cluster each second, as JSON, until ctx ends or send
	// returns an error. An error before the first picture is a *Problem.
	Pictures(ctx context.Context, send func(picture []byte) error) error
	// MaxMessage is the length of the longest message, in bytes.
	MaxMessage() int
}

// Message is a message to be sent.
type Message struct {
	From, To string
	Ver      uint8
	Cmd      uint16
	Body     []byte
}

// User is where a user is.
type User struct {
	ID        string     `json:"id"`
	Online    bool       `json:"online"`
	Node      string     `json:"node,omitempty"`
	Session   string     `json:"session,omitempty"`
	Since     *time.Time `json:"since,omitempty"`
	Transport string     `json:"transport,omitempty"`
	Address   string     `json:"address,omitempty"`
}

// Removal is what became of a user that was to go.
type Removal struct {
	ID          string     `json:"id"`
	Removed     bool       `json:"removed"` // a session was ended
	BannedUntil *time.Time `json:"banned_until,omitempty"`
}

// Node is a member of the cluster.
type Node struct {
	ID      string     `json:"id"`
	Ready   bool       `json:"ready"`
	Reason  string     `json:"reason,omitempty"` // why it is not ready, or not known
	Users   int        `json:"users"`
	Members int        `json:"members"` // in its view
	Since   *time.Time `json:"since,omitempty"`
}

package admin

import (
	"errors"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/overview"
)

// Errors of Peers. Test with errors.Is.
var (
	// ErrNoAnswer: the link to the node has ended, or there is none.
	ErrNoAnswer = errors.New("the node does not answer")
	// ErrTooManyBans: a node keeps as many bans as it can.
	ErrTooManyBans = errors.New("a node has no room for more bans")
)

// Session is a session as operators see it.
type Session struct {
	User      string    `json:"user"`
	SID       string    `json:"sid"`
	Since     time.Time `json:"since"`     // when it logged in
	Transport string    `json:"transport"` // as user.User.Transport
	Address   string    `json:"address"`   // of the client
}

// Node is a node as operators see it.
type Node struct {
	ID      string    `json:"id"`
	Since   time.Time `json:"since"` // when it started
	Users   int       `json:"users"`
	Members int       `json:"members"` // in its view
	Ready   bool      `json:"ready"`
	Reason  string    `json:"reason,omitempty"` // why it is not ready
}

// Ban keeps a user from logging in.
type Ban struct {
	User string        `json:"user"`
	For  time.Duration `json:"for"` // what is left of it; 0: lift it
	// Told: another node passes on what it knows. A ban that was lifted a moment ago stays lifted.
	Told bool `json:"told,omitempty"`
}

// Local is this node. Its methods must not block.
type Local interface {
	// Session finds a session of this node.
	Session(sid node.SID) (Session, bool)
	// Kick sends the client of a session away for good.
	Kick(sid node.SID) bool
	// Ban begins or lifts a ban, and sends the user away if it is here. Removed tells whether it
	// was.
	Ban(b Ban) (removed bool, err error)
	// Bans lists what another node is to know: see Bans.PassOn.
	Bans() []Ban
	// Node describes this node.
	Node() Node
	// Overview is this node's part of the dashboard, with the changes of its view after that
	// number.
	Overview(after uint64) *overview.Node
}

// Links carries packets to the other nodes. Package cluster implements it.
type Links interface {
	Self() node.ID
	Send(to node.ID, packet []byte) error
}

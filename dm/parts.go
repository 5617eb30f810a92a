package dm

import (
	"log/slog"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

// Parts are what a module needs of its node.
type Parts struct {
	Users     *user.Registry
	Directory Directory
	Nodes     Nodes
	Clock     *node.Clock
	Router    *command.Router
	Log       *slog.Logger
}

// Directory tells where users are. Neither method blocks.
type Directory interface {
	// Lookup asks for the place of a user. It is answered once, by [Module.Located], [Module.NotFound] or
	// [Module.LookupFailed] with the same token, perhaps before it returns.
	Lookup(userID string, token uint64)
	// Cancel says that the answer is not wanted any more.
	Cancel(token uint64)
}

// Nodes carries packets to the other nodes: those to one node arrive in the order of the calls, until the link to it ends. Sending does not
// block and keeps nothing of the packet. Errors: node.ErrNoNode, node.ErrOverloaded, node.ErrTooLarge.
type Nodes interface {
	Self() node.ID
	Send(to node.ID, packet []byte) error
	// SendLater may wait a moment for company.
	SendLater(to node.ID, packet []byte) error
	// Linked tells whether there is a link to the node. It is false from before [Module.NodeDown] is called.
	Linked(n node.ID) bool
}

package messages

import (
	"context"
	"log/slog"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/quota"
	"github.com/parley-dm/parley/internal/tracing"
	"github.com/parley-dm/parley/user"
)

// Engine is the running half of a module. All methods are safe for use by several goroutines; none
// blocks, but for Leave, which runs the application's SetOnUserDisconnect callbacks, and Stop.
type Engine interface { //nolint:interfacebloat // the one seam between package parley and the runtime of dm: all that a node tells it
	// Configure reads the text of dm.json, unless Setup has read a file: what it does not mention
	// keeps its default. Each warning and the error is one line. It must be called before the node
	// starts.
	Configure(data []byte) (warnings []string, err error)
	// SetupError is what was wrong with the file that Setup read, else nil.
	SetupError() error
	// Attach makes the module part of a node. From then on it is given what other nodes send
	// (HandlePacket), the ends of links (NodeDown) and the answers of the directory (Located,
	// NotFound, LookupFailed). No callback can be set afterwards.
	Attach(parts Parts)
	// Start begins to carry messages.
	Start()
	// Stop waits until what is under way has its outcome, or ctx ends; then nothing is sent any
	// more, and what is still open ends in ErrReliableTimeout. Users should have left before.
	Stop(ctx context.Context)

	// HandlePacket takes one packet of another node, and keeps nothing of it.
	HandlePacket(from node.ID, packet []byte)
	// NodeDown says that the link to a node has ended: every channel with a user there ends, and
	// what was under way to it is unknown. Nothing of that node may be given to HandlePacket
	// afterwards until NodeDown has returned.
	NodeDown(n node.ID)

	// Located answers a lookup: the user is at that place.
	Located(token uint64, at node.Place)
	// NotFound answers a lookup: the user is not connected to any node.
	NotFound(token uint64)
	// LookupFailed answers a lookup: the cluster has not settled in time where the user is, or too
	// many lookups wait.
	LookupFailed(token uint64)

	// Joined gives a user that has just been added to the registry the channels of its older
	// sessions.
	Joined(u *user.User)
	// HandOver hands the channels of a session over to the newer one of the same user, at next:
	// being replaced is not leaving, and no peer is told that the user left. What the older session
	// has not yet sent ends in ErrReliableTimeout, and it sends nothing more. It returns the newest
	// epoch that the session has used: the stamp of the newer one must be above it. It is to be
	// called before the user is out of the registry and before the newer login is confirmed.
	HandOver(u *user.User, next node.Place) (newestEpoch uint64)
	// Abandoned is called for a session that was not welcomed after all: if no other has come in
	// its place, its user has left.
	Abandoned(u *user.User)
	// Leave ends all channels of a user whose session is over, each with the message that the
	// SetOnUserDisconnect callbacks make for that peer. What the user has sent before still arrives
	// before. The user must be out of the registry. OnDrained is called once, on any goroutine,
	// when all messages of the session have their true outcomes, with the newest epoch that it has
	// used; a deadline is no outcome. Until then the directory should hold the session: messages
	// for it find out here that it has left, behind its farewell, and the stamp of a newer one is
	// above its epochs.
	Leave(u *user.User, onDrained func(newestEpoch uint64))
	// Park is called instead of Leave, which may follow, for a user whose connection was closed
	// because the node stops. The user is expected back on another one: its channels stay open, and
	// the newer session takes them over when HandOver is called. Messages for it are refused, so
	// that their senders try again. The user must be in the registry. It returns false, and does
	// nothing, if the session was replaced.
	Park(u *user.User) bool
	// NewestEpoch is the newest epoch that sessions of the user on this node have used which are
	// over and whose messages do not all have their true outcomes yet; 0 if there are none. A newer
	// session's stamp must be above it.
	NewestEpoch(userID string) uint64

	// Traffic is what the node's metrics show of messages beside dm.Stats.
	Traffic() Traffic
}

// Parts are what a module needs of its node.
type Parts struct {
	Users     *user.Registry
	Directory Directory
	Nodes     Nodes
	Clock     *node.Clock
	Router    *command.Router
	Log       *slog.Logger
	// Memory is what messages that wait for their outcomes may hold, those of all users together.
	// Nil: unlimited.
	Memory *quota.Pool
	// Tracer makes the spans of messages. Nil: none.
	Tracer *tracing.Tracer
}

// Directory tells where users are. Neither method blocks.
type Directory interface {
	// Lookup asks for the place of a user. It is answered once, by Located, NotFound or
	// LookupFailed of [Engine] with the same token, perhaps before it returns.
	Lookup(userID string, token uint64)
	// Cancel says that the answer is not wanted any more.
	Cancel(token uint64)
	// Owner is the node that a lookup of the user asks at present, for traces; zero: none.
	Owner(userID string) node.ID
}

// Nodes carries packets to the other nodes: those to one node arrive in the order of the calls,
// until the link to it ends. Sending does not block and keeps nothing of the packet. Errors:
// node.ErrNoNode, node.ErrOverloaded, node.ErrTooLarge.
type Nodes interface {
	Self() node.ID
	Send(to node.ID, packet []byte) error
	// SendLater may wait a moment for company.
	SendLater(to node.ID, packet []byte) error
	// Linked tells whether there is a link to the node. It is false from before [Engine.NodeDown]
	// is called.
	Linked(n node.ID) bool
}

var engineOf func(module any) Engine

// Register tells how a module's engine is found. Package dm calls it when the program begins.
func Register(f func(module any) Engine) { engineOf = f }

// Of is the running half of a dm.Module.
func Of(module any) Engine { return engineOf(module) }

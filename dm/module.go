package dm

import (
	"context"
	"time"

	"github.com/parley-dm/parley/dm/internal/runtime"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/user"
)

// Module carries the direct messages of one node. Callbacks and settings are set before the node
// starts, messages sent after it. All methods are safe for use by several goroutines, but for the
// setting of callbacks.
type Module struct {
	runtime *runtime.Runtime
}

func init() { //nolint:gochecknoinits // the seam to package parley, which must not show here
	messages.Register(func(module any) messages.Engine { return module.(*Module).runtime }) //nolint:forcetypeassert // nothing else has one
}

// New returns a module that is not part of a node yet.
func New() *Module { return &Module{runtime.New()} }

// Setup reads the module's settings from a JSON file. What is wrong with it is said when the node
// starts, and keeps it from starting.
func (m *Module) Setup(confpath string) { m.runtime.Setup(confpath) }

// Settings returns the settings in force.
func (m *Module) Settings() Settings { return Settings(m.runtime.Settings()) }

// ExposeCommands lets clients send (701), disconnect (700) and connect (702) by the built-in
// commands. It must be called before the node starts.
func (m *Module) ExposeCommands() { m.runtime.ExposeCommands() }

// SendMessageByUserID sends a message to the user yourUserID, on whichever node it is connected:
// its client gets a push with ver, cmd and exactly the message.
//
// Cb is called exactly once, on another goroutine; the callbacks of one user's messages come one
// after another, but for those of messages that are refused at once. It gets nil when the
// recipient's node has handed the message to the operating system on the recipient's connection,
// and also when the receiving side declined or emptied it ([Module.Send] tells these apart);
// otherwise an [*Error]. Cb may be nil. Message may be reused when the call returns.
//
// Messages of one user to another arrive in the order of the calls. A user made by
// user.CreateBlankUser may send too, in the name of any user ID: the order is kept for each node,
// blank user and recipient, and no channel opens.
func (m *Module) SendMessageByUserID(
	userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte, cb func(error),
) {
	m.runtime.SendMessageByUserID(userData, yourUserID, ver, cmd, message, cb)
}

// Send is SendMessageByUserID for a caller that waits: it returns when the message has its outcome.
// If ctx ends before, the message goes on, its outcome unknown, and ctx's error is returned. Other
// errors are an [*Error].
func (m *Module) Send(ctx context.Context, from *user.User, to string, msg Message) (Receipt, error) {
	return m.runtime.Send(ctx, from, to, msg.Ver, msg.Cmd, msg.Body)
}

// Connect opens a channel ahead of the first message. The recipient's SetOnReceiveMessage callbacks
// are asked, with ver 1, cmd 702 and no message. A blank user's opens none.
func (m *Module) Connect(ctx context.Context, from *user.User, to string) (Receipt, error) {
	return m.runtime.Connect(ctx, from, to)
}

// ClearCacheByUserID ends the channel with the user yourUserID, on both sides. A message that is
// not empty is pushed to the peer's client with ver and cmd, after it has passed the same receive
// and message callbacks as any other; without one the peer's node runs its SetOnClearCache
// callbacks. Messages sent before arrive before. If there is no channel, nothing happens. A message
// over the maximum size is left out.
func (m *Module) ClearCacheByUserID(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte) {
	m.runtime.ClearCacheByUserID(userData, yourUserID, ver, cmd, message)
}

// Disconnect is ClearCacheByUserID for a caller that waits: it returns when the peer's node has
// answered. A message that is empty is not sent: the peer's node runs its SetOnClearCache
// callbacks. If there is no channel it returns at once, with no error and an empty receipt. If ctx
// ends before, ctx's error is returned.
func (m *Module) Disconnect(ctx context.Context, from *user.User, peer string, msg Message) (Receipt, error) {
	return m.runtime.Disconnect(ctx, from, peer, msg.Ver, msg.Cmd, msg.Body)
}

// Online tells whether a user is connected to a node of the cluster: it asks this node's registry,
// then the directory. Errors: ErrBadUserID, ErrNodesNotFound while the cluster has not settled
// where the user is or this node does not run, ctx's error.
func (m *Module) Online(ctx context.Context, userID string) (bool, error) {
	return m.runtime.Online(ctx, userID)
}

// Channels lists the channels that a user of this node has, by the peer's user ID. It looks at all
// of them.
func (m *Module) Channels(u *user.User) []Channel {
	open := m.runtime.Channels(u)
	list := make([]Channel, len(open))
	for i, c := range open {
		list[i] = Channel{Peer: c.Peer, Node: c.At.Node.Name, Used: time.Unix(0, c.Used)}
	}

	return list
}

package dm

import "github.com/parley-dm/parley/user"

// ReceiveCallback is asked, at the recipient's node, whether the receiver takes a message. Message
// is the callback's until it returns.
type ReceiveCallback = func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) bool

// MessageCallback may change a message, at the recipient's node, just before it is sent to the
// receiver's client: nil keeps the message, an empty non-nil slice drops it, anything else takes
// its place. Message is the callback's until it returns; what it returns must stay unchanged until
// the next callback has returned.
type MessageCallback = func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) []byte

// DisconnectCallback makes the last message of a user who leaves, for one peer: nil leaves it to
// the other callbacks, an empty slice says none.
type DisconnectCallback = func(disconnectedUserData *user.User, peerUserID string) []byte

// ClearCallback is told that the channel of clearedUserID with userData has ended without a last
// message: userData is the user who stayed.
type ClearCallback = func(clearedUserID string, userData *user.User)

// SetOnReceiveMessage adds a callback. A message is delivered only if all of them return true; they
// run in the order in which they were added. It returns false, and changes nothing, if cb is nil or
// the node has started.
func (m *Module) SetOnReceiveMessage(cb ReceiveCallback) bool { return m.runtime.OnReceive(cb) }

// SetOnMessage adds a callback. Each sees what the one before it made.
// It returns false, and changes nothing, if cb is nil or the node has started.
func (m *Module) SetOnMessage(cb MessageCallback) bool { return m.runtime.OnMessage(cb) }

// SetOnUserDisconnect adds a callback. The last one that returns non-nil wins. A message that is
// not empty is pushed to the peer as ver 1 cmd 700; without one the peer's node runs its
// SetOnClearCache callbacks. It returns false, and changes nothing, if cb is nil or the node has
// started.
func (m *Module) SetOnUserDisconnect(cb DisconnectCallback) bool { return m.runtime.OnDisconnect(cb) }

// SetOnClearCache adds a callback. Nil, or once the node has started, it changes nothing and is
// logged.
func (m *Module) SetOnClearCache(cb ClearCallback) { m.runtime.OnClear(cb) }

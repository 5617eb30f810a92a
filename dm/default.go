package dm

import "github.com/parley-dm/parley/user"

// Default is the module of the default node, which the package-level functions act on.
var Default = New()

// Setup reads the module's settings from a JSON file, for the default node. What is wrong with it
// is said when the node starts, and keeps it from starting. It must be called before parley.Start;
// without it the defaults hold.
func Setup(confpath string) { Default.Setup(confpath) }

// ExposeCommands lets clients send (701), disconnect (700) and connect (702) by the built-in
// commands of the default node.
func ExposeCommands() { Default.ExposeCommands() }

// SendMessageByUserID sends a message to another user, whichever node it is connected to: see
// [Module.SendMessageByUserID].
func SendMessageByUserID(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte, cb func(error)) {
	Default.SendMessageByUserID(userData, yourUserID, ver, cmd, message, cb)
}

// ClearCacheByUserID ends the channel with another user, on both sides: see
// [Module.ClearCacheByUserID].
func ClearCacheByUserID(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte) {
	Default.ClearCacheByUserID(userData, yourUserID, ver, cmd, message)
}

// SetOnReceiveMessage adds a callback that is asked whether a user takes a message: see
// [Module.SetOnReceiveMessage].
func SetOnReceiveMessage(cb ReceiveCallback) bool {
	return Default.SetOnReceiveMessage(cb)
}

// SetOnMessage adds a callback that may change a message before it is sent to its recipient's
// client: see [Module.SetOnMessage].
func SetOnMessage(cb MessageCallback) bool {
	return Default.SetOnMessage(cb)
}

// SetOnUserDisconnect adds a callback that makes the last message of a user who leaves: see
// [Module.SetOnUserDisconnect].
func SetOnUserDisconnect(cb DisconnectCallback) bool {
	return Default.SetOnUserDisconnect(cb)
}

// SetOnClearCache adds a callback that is told when a channel has ended without a last message: see
// [Module.SetOnClearCache].
func SetOnClearCache(cb ClearCallback) { Default.SetOnClearCache(cb) }

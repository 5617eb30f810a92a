package dm

import (
	"fmt"
	"os"

	"github.com/parley-dm/parley/user"
)

// Default is the module of the default node, which the package-level functions act on.
var Default = New()

// Setup reads the module's settings from a JSON file, for the default node. What is wrong with it is said when the node starts, and keeps it from
// starting. It must be called before parley.Start; without it the defaults hold.
func Setup(confpath string) { Default.Setup(confpath) }

// Setup reads the module's settings from a JSON file. What is wrong with it is returned by [Module.SetupError].
func (m *Module) Setup(confpath string) {
	data, err := os.ReadFile(confpath)
	if err != nil {
		m.setupErr = fmt.Errorf("dm.Setup: %w", err)

		return
	}
	s, warnings, err := ParseSettings(data)
	if err != nil {
		m.setupErr = fmt.Errorf("dm.Setup: %s: %w", confpath, err)

		return
	}
	for _, w := range warnings {
		m.hooks.log.Warn("dm.Setup: a setting has no effect", "file", confpath, "why", w)
	}
	m.settings, m.configured = s, true
}

// SetupError is what was wrong with the file that Setup read, else nil.
func (m *Module) SetupError() error { return m.setupErr }

// ExposeCommands lets clients send (701), disconnect (700) and connect (702) by the built-in commands of the default node.
func ExposeCommands() { Default.ExposeCommands() }

// SendMessageByUserID sends a message to another user, whichever node it is connected to: see [Module.SendMessageByUserID].
func SendMessageByUserID(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte, cb func(error)) {
	Default.SendMessageByUserID(userData, yourUserID, ver, cmd, message, cb)
}

// ClearCacheByUserID ends the channel with another user, on both sides: see [Module.ClearCacheByUserID].
func ClearCacheByUserID(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte) {
	Default.ClearCacheByUserID(userData, yourUserID, ver, cmd, message)
}

// SetOnReceiveMessage adds a callback that is asked whether a user takes a message: see [Module.SetOnReceiveMessage].
func SetOnReceiveMessage(cb func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) bool) bool {
	return Default.SetOnReceiveMessage(cb)
}

// SetOnMessage adds a callback that may change a message before it is sent to its recipient's client: see [Module.SetOnMessage].
func SetOnMessage(cb func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) []byte) bool {
	return Default.SetOnMessage(cb)
}

// SetOnUserDisconnect adds a callback that makes the last message of a user who leaves: see [Module.SetOnUserDisconnect].
func SetOnUserDisconnect(cb func(disconnectedUserData *user.User, peerUserID string) []byte) bool {
	return Default.SetOnUserDisconnect(cb)
}

// SetOnClearCache adds a callback that is told when a channel has ended without a last message: see [Module.SetOnClearCache].
func SetOnClearCache(cb func(clearedUserID string, userData *user.User)) { Default.SetOnClearCache(cb) }

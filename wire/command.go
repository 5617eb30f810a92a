package wire

// The built-in commands and pushes, all of ver EngineVer.
const (
	EngineVer uint8 = 1
	// CommandDisconnect ends the channel with a peer. As a push: a peer has left, or has ended the
	// channel.
	CommandDisconnect uint16 = 700
	// CommandSend sends a message to a peer. As a push: a message of a peer.
	CommandSend uint16 = 701
	// CommandConnect opens the channel with a peer ahead of the first message.
	CommandConnect uint16 = 702
	// CommandToken replaces the token of the client's session; its payload is the new token.
	CommandToken uint16 = 703
)

package user

// Reason says why a session ended.
type Reason uint8

// Reasons.
const (
	Left     Reason = iota + 1 // the client closed the connection, lost it, fell silent or broke the protocol
	Replaced                   // a newer login of the same user took its place, here or on another node
	Removed                    // the server sent the client away: User.Disconnect, or an operator
	Stopping                   // the node stops, or has left its cluster: the client comes back elsewhere
)

// String is the reason in a word.
func (r Reason) String() string {
	switch r {
	case Left:
		return "left"
	case Replaced:
		return "replaced"
	case Removed:
		return "removed"
	case Stopping:
		return "node stopping"
	}

	return "unknown"
}

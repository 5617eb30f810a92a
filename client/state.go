package client

// State is where a client is with its connection.
type State uint8

// A client returned by Dial is connected. It goes back and forth between the first two, and ends in
// the third.
const (
	StateConnected State = 1 + iota
	StateReconnecting
	StateClosed // for good: Err says why
)

// String is the state in one word.
func (s State) String() string {
	switch s {
	case StateConnected:
		return "connected"
	case StateReconnecting:
		return "reconnecting"
	case StateClosed:
		return "closed"
	}

	return "unknown"
}

package auth

import "time"

// Identity is what a valid token says of its client.
type Identity struct {
	UserID string // passes user.CheckID
	// ExpiresAt is the token's exp; zero if the token does not expire.
	ExpiresAt time.Time
	// RateMessages is the claim parley_rate_messages, in messages a second.
	RateMessages Rate
	// RateBytes is the claim parley_rate_bytes, in bytes a second.
	RateBytes Rate
}

// Rate is a limit that a token sets for its session. Without Set the node's own limit holds. With
// Set, a PerSecond of 0 is no limit.
type Rate struct {
	PerSecond int64
	Set       bool
}

// Verifier turns a token into an identity. The error is one of the ErrToken errors, whose texts are
// meant for the client and contain nothing else of the token. Verify does not block on the network
// and is safe for use by several goroutines.
type Verifier interface {
	Verify(token string) (Identity, error)
}

// UserIDs narrows a Verifier to its user IDs, for callers that need nothing else.
type UserIDs struct{ Verifier Verifier }

// Verify returns the user ID of the token.
func (u UserIDs) Verify(token string) (string, error) {
	id, err := u.Verifier.Verify(token)

	return id.UserID, err
}

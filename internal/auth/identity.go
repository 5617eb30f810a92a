package auth

import (
	"context"
	"net"
	"time"
)

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

// Tokens is the Authenticator of a Verifier: it needs neither the context nor the address.
type Tokens struct{ Verifier Verifier }

// Identify returns what the token says. It does not block.
func (t Tokens) Identify(_ context.Context, token string, _ net.Addr) (Identity, error) {
	return t.Verifier.Verify(token)
}

package auth

import "errors"

// What is wrong with a token. Test with errors.Is. The texts are meant for the client that sent it.
var (
	// ErrTokenMissing: there is none.
	ErrTokenMissing = errors.New("token missing")
	// ErrTokenMalformed: it is no JWT.
	ErrTokenMalformed = errors.New("token malformed")
	// ErrTokenForged: it is signed with another key or another algorithm.
	ErrTokenForged = errors.New("token forged: its signature is not of this server's key")
	// ErrTokenExpired: its exp has passed.
	ErrTokenExpired = errors.New("token expired")
	// ErrTokenNotYet: its nbf has not come.
	ErrTokenNotYet = errors.New("token not valid yet")
	// ErrTokenSubject: its sub is missing or no user ID.
	ErrTokenSubject = errors.New("token has no user ID in sub")
	// ErrTokenIssuer: its iss is not the configured one.
	ErrTokenIssuer = errors.New("token of another issuer")
	// ErrTokenAudience: its aud has none of the configured values.
	ErrTokenAudience = errors.New("token for another audience")
	// ErrTokenUnknownKey: its kid is not among the keys, which may be older than the kid. The keys
	// are being fetched; the client may try again after a while.
	ErrTokenUnknownKey = errors.New("token signed with a key that is not known yet")
	// ErrUnavailable: tokens cannot be checked now. The client may try again after a while.
	ErrUnavailable = errors.New("tokens cannot be checked now")
	// ErrTokenRefused: the program's Hook refuses the token.
	ErrTokenRefused = errors.New("token refused")
)

// Errors of keys. Test with errors.Is.
var (
	// ErrKey is what the errors of ParseKey wrap.
	ErrKey = errors.New("auth key")
	// ErrCannotMint is Mint's error: the key is a public key, or none.
	ErrCannotMint = errors.New("this auth key can only check tokens: to sign them takes the secret or the private key")
)

// MayRetry reports whether the same token may be accepted later.
func MayRetry(err error) bool {
	return errors.Is(err, ErrTokenUnknownKey) || errors.Is(err, ErrUnavailable)
}

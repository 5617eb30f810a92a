package auth

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley/user"
)

// Mint signs a token for the user. With a ttl of 0 the token never expires; exp counts whole
// seconds and is rounded up.
func (k Key) Mint(userID string, ttl time.Duration) (string, error) {
	id := Identity{UserID: userID}
	if ttl != 0 {
		id.ExpiresAt = time.Now().Add(ttl)
	}

	return k.MintFor(id)
}

// MintFor signs a token that says all of id. Exp counts whole seconds and is rounded up.
func (k Key) MintFor(id Identity) (string, error) {
	if !k.CanMint() {
		return "", ErrCannotMint
	}
	if err := user.CheckID(id.UserID); err != nil {
		return "", err
	}
	c := jwt.MapClaims{"sub": id.UserID, "iat": time.Now().Unix()}
	if !id.ExpiresAt.IsZero() {
		c["exp"] = id.ExpiresAt.Add(time.Second - 1).Unix()
	}
	if id.RateMessages.Set {
		c["parley_rate_messages"] = id.RateMessages.PerSecond
	}
	if id.RateBytes.Set {
		c["parley_rate_bytes"] = id.RateBytes.PerSecond
	}
	token, err := jwt.NewWithClaims(k.m.method, c).SignedString(k.m.sign())
	if err != nil {
		return "", fmt.Errorf("signing the token: %w", err)
	}

	return token, nil
}

// Verify checks a token with this key alone and DefaultLeeway, and returns the user ID. The error
// is one of the ErrToken errors; its text says which user ID is bad, and has nothing else of the
// token.
func (k Key) Verify(token string) (string, error) {
	id, _, err := verify(token, []Key{k}, &Policy{Leeway: DefaultLeeway})

	return id.UserID, err
}

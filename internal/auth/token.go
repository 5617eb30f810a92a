package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley/user"
)

// Mint signs a token for the user. With a ttl of 0 it never expires; exp counts whole seconds and
// is rounded up.
func (k Key) Mint(userID string, ttl time.Duration) (string, error) {
	if !k.CanMint() {
		return "", ErrCannotMint
	}
	if err := user.CheckID(userID); err != nil {
		return "", err
	}
	now := time.Now()
	c := jwt.MapClaims{"sub": userID, "iat": now.Unix()}
	if ttl != 0 {
		c["exp"] = now.Add(ttl + time.Second - 1).Unix()
	}
	token, err := jwt.NewWithClaims(k.m.method, c).SignedString(k.m.sign())
	if err != nil {
		return "", fmt.Errorf("signing the token: %w", err)
	}

	return token, nil
}

// Verify checks a token and returns the user ID in it. The error is one of the ErrToken errors; its
// text says which user ID is bad, but has nothing else of the token.
func (k Key) Verify(token string) (string, error) {
	if token == "" {
		return "", ErrTokenMissing
	}
	if k.m == nil {
		return "", ErrTokenForged
	}
	var c claims
	t, err := k.m.parser.ParseWithClaims(token, &c, k.m.key)
	if err != nil {
		return "", reason(err)
	}
	if _, critical := t.Header["crit"]; critical { // RFC 7515: extensions that must be understood; there are none
		return "", ErrTokenMalformed
	}

	return c.user()
}

func (m *material) key(*jwt.Token) (any, error) { return m.verify(), nil }

// reason gives the library's error its name here. Texts of the library are left out: some quote the
// token.
func reason(err error) error {
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return ErrTokenForged
	case errors.Is(err, jwt.ErrTokenExpired):
		return ErrTokenExpired
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return ErrTokenNotYet
	}

	return ErrTokenMalformed
}

// claims are the parts of a token that matter here. Others may hold anything.
type claims struct {
	Subject json.RawMessage  `json:"sub"`
	Expires *jwt.NumericDate `json:"exp"`
	Begins  *jwt.NumericDate `json:"nbf"`
}

// user is the user ID. It is read after the signature was checked, so that a bad one can be named.
func (c *claims) user() (string, error) {
	var id string
	if len(c.Subject) == 0 || json.Unmarshal(c.Subject, &id) != nil || string(c.Subject) == "null" {
		return "", ErrTokenSubject
	}
	if !utf8.Valid(c.Subject) { // json would have put U+FFFD in the place of what is not UTF-8: two users in one
		return "", fmt.Errorf("%w: it is not UTF-8", ErrTokenSubject)
	}
	if err := user.CheckID(id); err != nil {
		return "", fmt.Errorf("%w: %w", ErrTokenSubject, err)
	}

	return id, nil
}

// The methods below make claims a jwt.Claims.

func (c *claims) GetExpirationTime() (*jwt.NumericDate, error) { return c.Expires, nil }
func (c *claims) GetNotBefore() (*jwt.NumericDate, error)      { return c.Begins, nil }
func (c *claims) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil } //nolint:nilnil // not looked at
func (c *claims) GetIssuer() (string, error)                   { return "", nil }
func (c *claims) GetSubject() (string, error)                  { return "", nil }
func (c *claims) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }

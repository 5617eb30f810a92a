package auth

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parley-dm/parley/user"
)

// DefaultLeeway is the leeway of a Policy where the settings give none.
const DefaultLeeway = 30 * time.Second

// Policy says which claims of a correctly signed token are accepted.
type Policy struct {
	// Leeway is how far ahead of this node's clock nbf may lie. It does not extend exp: a stolen
	// token must not outlive the time that its issuer set.
	Leeway time.Duration
	// Issuer is what iss must be; "" accepts any iss and none.
	Issuer string
	// Audience lists the values of which aud must contain at least one; empty accepts any aud and
	// none.
	Audience []string
}

// maxSeconds is the last second of the year 9999, the largest value of a time claim.
const maxSeconds = 253402300799

// claims are the values of the claims that Parley reads, as they stand in the token; nil if
// missing.
type claims struct {
	sub, exp, nbf, iss, aud, rateMessages, rateBytes []byte
}

// readClaims decodes a token's payload. The payload null has no claims.
func readClaims(payload []byte) (claims, error) {
	var c claims
	if string(payload) == "null" {
		return c, nil
	}
	err := readObject(payload, func(name string, value []byte) {
		switch name {
		case "sub":
			c.sub = value
		case "exp":
			c.exp = value
		case "nbf":
			c.nbf = value
		case "iss":
			c.iss = value
		case "aud":
			c.aud = value
		case "parley_rate_messages":
			c.rateMessages = value
		case "parley_rate_bytes":
			c.rateBytes = value
		}
	})
	if err != nil {
		return claims{}, fmt.Errorf("%w: its claims are %w", ErrTokenMalformed, err)
	}

	return c, nil
}

// identity checks the claims against the policy at the time now.
func (c *claims) identity(p *Policy, now time.Time) (Identity, error) {
	var id Identity
	expires, hasExp, err := seconds("exp", c.exp)
	if err != nil {
		return Identity{}, err
	}
	begins, hasNbf, err := seconds("nbf", c.nbf)
	switch {
	case err != nil:
		return Identity{}, err
	case hasExp && !now.Before(expires):
		return Identity{}, ErrTokenExpired
	case hasNbf && now.Add(p.Leeway).Before(begins):
		return Identity{}, ErrTokenNotYet
	}
	id.ExpiresAt = expires
	if err := c.checkOrigin(p); err != nil {
		return Identity{}, err
	}
	if id.UserID, err = c.userID(); err != nil {
		return Identity{}, err
	}
	if id.RateMessages, err = rate("parley_rate_messages", c.rateMessages); err != nil {
		return Identity{}, err
	}
	if id.RateBytes, err = rate("parley_rate_bytes", c.rateBytes); err != nil {
		return Identity{}, err
	}

	return id, nil
}

// checkOrigin compares iss and aud with the policy.
func (c *claims) checkOrigin(p *Policy) error {
	if p.Issuer != "" {
		if iss, ok := decodeText(c.iss); !ok || iss != p.Issuer {
			return ErrTokenIssuer
		}
	}
	if len(p.Audience) > 0 && !c.isFor(p.Audience) {
		return ErrTokenAudience
	}

	return nil
}

// isFor tells whether aud, a string or a list of strings, has one of the values.
func (c *claims) isFor(audience []string) bool {
	if aud, ok := decodeText(c.aud); ok {
		return slices.Contains(audience, aud)
	}
	var list []json.RawMessage
	if len(c.aud) == 0 || json.Unmarshal(c.aud, &list) != nil {
		return false
	}
	found := false
	for _, raw := range list {
		aud, ok := decodeText(raw)
		if !ok {
			return false
		}
		found = found || slices.Contains(audience, aud)
	}

	return found
}

func (c *claims) userID() (string, error) {
	if len(c.sub) == 0 || c.sub[0] != '"' {
		return "", ErrTokenSubject
	}
	if !utf8.Valid(c.sub) {
		return "", fmt.Errorf("%w: it is not UTF-8", ErrTokenSubject)
	}
	id, ok := decodeText(c.sub)
	if !ok {
		return "", fmt.Errorf("%w: it has half of a surrogate pair", ErrTokenSubject)
	}
	if err := user.CheckID(id); err != nil {
		return "", fmt.Errorf("%w: %w", ErrTokenSubject, err)
	}

	return id, nil
}

// seconds reads a time claim: seconds since 1970, in the years 1970 to 9999, without an exponent. A
// fraction, which some libraries write, is cut off. A value that is close to right must not turn
// into a token without expiry.
func seconds(name string, raw []byte) (at time.Time, present bool, err error) {
	if raw == nil {
		return time.Time{}, false, nil
	}
	whole, fraction, _ := strings.Cut(string(raw), ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || n < 0 || n > maxSeconds || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, false, fmt.Errorf("%w: %s is not a number of seconds", ErrTokenMalformed, name)
	}

	return time.Unix(n, 0), true, nil
}

func rate(name string, raw []byte) (Rate, error) {
	if raw == nil {
		return Rate{}, nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < 0 {
		return Rate{}, fmt.Errorf("%w: %s is not a whole number of at least 0", ErrTokenMalformed, name)
	}

	return Rate{PerSecond: n, Set: true}, nil
}

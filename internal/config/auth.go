package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// None is a time of 0, written as such, where 0 in a Config stands for the default.
const None time.Duration = -1

const (
	maxLeeway = 10 * time.Minute
	maxGrace  = 24 * time.Hour
)

// authSettings are the rows of the table that say how clients log in.
func authSettings() []Setting {
	return []Setting{
		secret("auth_key", "a secret of at least 32 bytes (HS256), file:PATH with such a secret or a PEM public key (EdDSA, RS256), "+
			"jwks:PATH or the https URL of a JWKS (default: made at start)", func(c *Config) *string { return &c.AuthKey }),
		{
			Name: "auth_keys", Kind: List, Value: "KEY,…", Secret: true, Help: "further keys whose tokens are accepted, in the same forms",
			set: func(c *Config, text string) error {
				c.AuthKeys = splitList(text)

				return nil
			},
		},
		lasting("auth_leeway", "30s", "how far ahead nbf of a token may lie", maxLeeway, func(c *Config) *time.Duration { return &c.AuthLeeway }),
		text("auth_issuer", "NAME", "", "what iss of a token must be (default: anything)", nil, func(c *Config) *string { return &c.AuthIssuer }),
		{
			Name: "auth_audience", Kind: List, Value: "NAME,…", Help: "aud of a token must have one of these (default: anything)",
			set: func(c *Config, text string) error {
				c.AuthAudience = splitList(text)

				return nil
			},
		},
		lasting("token_grace", "30s", "how long a session goes on after its token has expired, unless the client sends a fresh one", maxGrace,
			func(c *Config) *time.Duration { return &c.TokenGrace }),
	}
}

// Keys are all auth keys, the one that signs first; empty: the development key.
func (c *Config) Keys() []string {
	if c.AuthKey == "" {
		return c.AuthKeys
	}

	return append([]string{c.AuthKey}, c.AuthKeys...)
}

// checkAuth finds keys that would have no effect, and times out of bounds.
func (c *Config) checkAuth() error {
	if c.OwnAuth && len(c.Keys()) > 0 {
		name := "auth_key"
		if c.AuthKey == "" {
			name = "auth_keys"
		}

		return fmt.Errorf("%s has no effect beside a function that authenticates: leave out one of them", c.Where(name))
	}
	for _, key := range c.AuthKeys {
		if strings.TrimSpace(key) == "" {
			return fmt.Errorf("%s: a key is empty", c.Where("auth_keys"))
		}
	}
	for _, t := range []struct {
		name     string
		d, limit time.Duration
	}{{"auth_leeway", c.AuthLeeway, maxLeeway}, {"token_grace", c.TokenGrace, maxGrace}} {
		if t.d > t.limit {
			return fmt.Errorf("%s: %s is out of bounds: from 0s to %s", c.Where(t.name), t.d, t.limit)
		}
	}

	return nil
}

// lasting is a setting for a time that may be 0: in a Config that is None, or any negative time.
func lasting(name, preset, help string, limit time.Duration, field func(*Config) *time.Duration) Setting {
	return Setting{
		Name: name, Value: "TIME", Default: preset, Help: help,
		set: func(c *Config, text string) error {
			d, err := time.ParseDuration(text)
			switch {
			case err != nil:
				return fmt.Errorf("%q is no duration: write it with its unit, such as 30s", text)
			case d < 0 || d > limit:
				return fmt.Errorf("%s is out of bounds: from 0s to %s", d, limit)
			case d == 0:
				d = None
			}
			*field(c) = d

			return nil
		},
		empty: func(c *Config) bool { return *field(c) == 0 },
	}
}

// whole is a setting for a number where 0 is no limit: in a Config that is a negative number.
func whole(name, preset, help string, field func(*Config) *int) Setting {
	return Setting{
		Name: name, Kind: Number, Value: "N", Default: preset, Help: help,
		set: func(c *Config, text string) error {
			n, err := parseWhole(text)
			if err != nil {
				return err
			}
			if n == 0 {
				n = -1
			}
			*field(c) = n

			return nil
		},
		empty: func(c *Config) bool { return *field(c) == 0 },
	}
}

const maxWhole = 1_000_000_000

func parseWhole(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%q is no whole number", text)
	}
	if n < 0 || n > maxWhole {
		return 0, fmt.Errorf("%d is out of bounds: from 0 (no limit) to %d", n, maxWhole)
	}

	return n, nil
}

func splitList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}

	return list
}

package parley

import (
	"fmt"
	"log/slog"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/config"
	"github.com/parley-dm/parley/internal/devkey"
	"github.com/parley-dm/parley/internal/gateway"
)

// openKeys reads the keys that clients' tokens are checked with. Without one in the settings it is
// the development key of the operating system's user: "parley token" signs with the same.
func openKeys(cfg config.Config, log *slog.Logger) (*auth.Keyring, error) {
	keys := cfg.Keys()
	if len(keys) == 0 {
		keys = []string{developmentKey(log).Secret()}
	}
	ring, err := auth.NewKeyring(auth.KeyringConfig{
		Keys:   keys,
		Policy: auth.Policy{Leeway: max(0, cfg.AuthLeeway), Issuer: cfg.AuthIssuer, Audience: cfg.AuthAudience},
		Logger: log,
	})
	if err != nil && len(cfg.AuthKeys) > 0 {
		return nil, fmt.Errorf("%s, %s: %w", cfg.Where("auth_key"), cfg.Where("auth_keys"), err)
	}

	return ring, err
}

func developmentKey(log *slog.Logger) auth.Key {
	path, err := devkey.Path()
	if err == nil {
		var key auth.Key
		if key, err = devkey.Load(path); err == nil {
			return key
		}
	}
	log.Warn("the development key cannot be kept: tokens of this node are good for this node alone, and only as long as it runs", "error", err)

	return auth.NewKey()
}

// authenticator turns tokens into identities: the program's function, or the keys.
func (s *Server) authenticator() gateway.Authenticator {
	if s.hook != nil {
		return s.hook
	}

	return auth.Tokens{Verifier: s.keys}
}

// Token makes a token with which a client logs in as userID, if one of the node's keys can sign.
func (s *Server) Token(userID string) (string, error) {
	if s.keys == nil {
		return "", auth.ErrCannotMint
	}

	return s.keys.Signer().Mint(userID, tokenLife)
}

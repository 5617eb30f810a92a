package main

import (
	"fmt"
	"time"
)

type tokenCommand struct {
	signing

	User string        `help:"The user ID." placeholder:"USER" required:"true"`
	TTL  time.Duration `name:"ttl" default:"24h" help:"How long it is good; 0: for ever (default: ${default})." placeholder:"TIME"`
}

// Run prints a token, and nothing else.
func (t *tokenCommand) Run(s *streams) error {
	if t.TTL < 0 {
		return fmt.Errorf("--ttl: %s is no time to live: give 24h, or 0 for ever", t.TTL)
	}
	key, err := t.key()
	if err != nil {
		return err
	}
	token, err := key.Mint(t.User, t.TTL)
	if err != nil {
		return fmt.Errorf("no token for this user: %w", err)
	}
	fmt.Fprintln(s.out, token)

	return nil
}

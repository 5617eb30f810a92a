package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/chat"
)

type sendCommand struct {
	login

	To      string        `help:"Who gets the message." placeholder:"USER" required:"true"`
	Timeout time.Duration `default:"10s" help:"How long all of it may take (default: ${default})." placeholder:"TIME"`
	Text    []string      `arg:"" help:"The message; - reads it from the standard input."`
}

const longestInput = 16 << 20 // the server's limit decides; this one keeps a wrong pipe from filling memory

// Run logs in, sends, and says what became of it.
func (c *sendCommand) Run(ctx context.Context, s *streams) error {
	text := []byte(strings.Join(c.Text, " "))
	if len(c.Text) == 1 && c.Text[0] == "-" {
		read, err := io.ReadAll(io.LimitReader(s.in, longestInput))
		if err != nil {
			return fmt.Errorf("the standard input cannot be read: %w", err)
		}
		text = read
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if err := c.send(ctx, append(options, client.WithoutReconnect()), text); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "delivered to %s\n", chat.Readable([]byte(c.To)))

	return nil
}

func (c *sendCommand) send(ctx context.Context, options []client.Option, text []byte) error {
	me, err := client.Dial(ctx, c.URL, options...)
	if err != nil {
		return errors.New(chat.Explain(err, c.To, c.URL))
	}
	defer func() { _ = me.Close() }() // the message has had its answer: nothing is left to flush
	if err := c.check(me.UserID()); err != nil {
		return err
	}
	if err := me.Send(ctx, c.To, text); err != nil {
		return errors.New(chat.Verdict(err) + ": " + chat.Explain(err, c.To, c.URL))
	}

	return nil
}

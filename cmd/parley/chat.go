package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/charmbracelet/x/term"

	"github.com/parley-dm/parley/internal/chat"
)

type chatCommand struct {
	login

	With    string        `help:"User ID of the other side." placeholder:"USER" required:"true"`
	Timeout time.Duration `default:"10s" help:"Bound on a login, and on each message (default: ${default})." placeholder:"TIME"`
	Plain   bool          `help:"Lines instead of a screen, as when the input or the output is a pipe."`
	Stay    bool          `help:"With lines: keep receiving when the input has ended."`
}

// Run talks until the user quits, or the input has ended.
func (c *chatCommand) Run(ctx context.Context, s *streams) error {
	options, err := c.options()
	if err != nil {
		return err
	}
	talk, err := c.start(ctx, chat.Options{URL: c.addresses(), Timeout: c.Timeout, Client: options})
	if err != nil {
		return err
	}
	defer func() { _ = talk.Close() }()
	if err := c.check(talk.UserID()); err != nil {
		return err
	}
	if !c.Plain && !c.Stay && isTerminal(s.in) && isTerminal(s.out) {
		return chat.Screen(ctx, talk, s.in, s.out, c.With, c.addresses())
	}

	return chat.Lines(ctx, talk, chat.Streams{In: s.in, Out: s.out, Err: s.err}, c.With, c.addresses(), c.Stay)
}

func (c *chatCommand) start(ctx context.Context, o chat.Options) (*chat.Conversation, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	talk, err := chat.Start(ctx, o)
	if err != nil {
		return nil, errors.New(chat.Explain(err, c.With, c.addresses()))
	}

	return talk, nil
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)

	return ok && term.IsTerminal(f.Fd())
}

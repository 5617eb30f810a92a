package main

import (
	"bytes"
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

	To      string        `help:"User ID of the recipient." placeholder:"USER" required:"true"`
	Timeout time.Duration `default:"10s" help:"Bound on login and delivery together (default: ${default})." placeholder:"TIME"`
	Text    []string      `arg:"" help:"The message; - reads it from standard input, without its final newline."`
}

const longestInput = 16 << 20 // bytes; the server has a limit of its own, and this one bounds memory

// errRefused: the message was declined or dropped: it is certain that it was not delivered, and
// sending it again does not help. The outcome has been printed.
const errRefused = exit(2)

// Help explains the exit status.
func (*sendCommand) Help() string {
	return "Exit status: 0 delivered; 2 declined or dropped by a server's program; 1 anything else: the line on standard error " +
		`says "not sent", "not delivered", or "perhaps not delivered" when the outcome is unknown.`
}

// Run logs in, sends, and prints the outcome.
func (c *sendCommand) Run(ctx context.Context, s *streams) error {
	text, err := c.message(s.in)
	if err != nil {
		return err
	}
	options, err := c.options()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	receipt, err := c.send(ctx, append(options, client.WithoutReconnect()), text)
	if err != nil {
		return err
	}
	if refused := chat.Outcome(receipt.Result, c.To); refused != "" {
		fmt.Fprintln(s.out, refused)

		return errRefused
	}
	fmt.Fprintf(s.out, "delivered to %s\n", chat.Readable([]byte(c.To)))

	return nil
}

// message is the text of the command line, or standard input for a lone "-".
func (c *sendCommand) message(in io.Reader) ([]byte, error) {
	if len(c.Text) != 1 || c.Text[0] != "-" {
		return []byte(strings.Join(c.Text, " ")), nil
	}
	read, err := io.ReadAll(io.LimitReader(in, longestInput))
	if err != nil {
		return nil, fmt.Errorf("standard input cannot be read: %w", err)
	}

	return bytes.TrimSuffix(bytes.TrimSuffix(read, []byte("\n")), []byte("\r")), nil
}

func (c *sendCommand) send(ctx context.Context, options []client.Option, text []byte) (client.Receipt, error) {
	me, err := client.Dial(ctx, c.addresses(), options...)
	if err != nil {
		return client.Receipt{}, errors.New(chat.Explain(err, c.To, c.addresses()))
	}
	defer func() { _ = me.Close() }() // the outcome is known: nothing is left to flush
	if err := c.check(me.UserID()); err != nil {
		return client.Receipt{}, err
	}
	receipt, err := me.Send(ctx, c.To, text)
	if err != nil {
		return client.Receipt{}, errors.New(chat.Verdict(err) + ": " + chat.Explain(err, c.To, me.URL()))
	}

	return receipt, nil
}

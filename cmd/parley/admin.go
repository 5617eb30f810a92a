package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/parley-dm/parley/internal/chat"
)

// adminCommand holds what operators ask a node for. Any node answers for the whole cluster.
type adminCommand struct {
	Users adminUsers `cmd:"" help:"Show where users are. Exit status 2: one of them is not connected."`
	Kick  adminKick  `cmd:"" help:"Send a user away; with --ban for a while. Exit status 2: the user is not connected."`
	Nodes adminNodes `cmd:"" help:"Show the members of the cluster. Exit status 2: one of them is not ready."`
	Send  adminSend  `cmd:"" help:"Send a message in the name of any user, and print its outcome. Exit status 2: declined or dropped."`
}

// errNotAll: the answer has been printed, and is not what a script would hope for.
const errNotAll = exit(2)

type adminUsers struct {
	operator

	ID []string `arg:"" help:"User IDs."`
}

// Run prints a line for each user.
func (c *adminUsers) Run(ctx context.Context, s *streams) error {
	var page struct {
		Users []struct {
			ID, Node, Session, Transport, Address string
			Online                                bool
			Since                                 time.Time
		}
	}
	query := url.Values{"ids": c.ID}
	if err := c.ask(ctx, http.MethodGet, "/v1/users?"+query.Encode(), nil, &page); err != nil {
		return err
	}
	all := true
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, u := range page.Users {
		id := chat.Readable([]byte(u.ID))
		switch {
		case !u.Online:
			all = false
			fmt.Fprintf(table, "%s\tnot connected\n", id)
		case u.Since.IsZero(): // its node did not say more
			fmt.Fprintf(table, "%s\t%s\n", id, u.Node)
		default:
			fmt.Fprintf(table, "%s\t%s\t%s\tsince %s\t%s\n", id, u.Node, u.Transport, u.Since.Format(time.RFC3339), u.Address)
		}
	}
	_ = table.Flush()
	if !all {
		return errNotAll
	}

	return nil
}

type adminKick struct {
	operator

	ID  string         `arg:"" help:"The user ID."`
	Ban *time.Duration `help:"How long the user may not log in again, at any node; 0s lifts a ban and sends no user away." placeholder:"TIME"`
}

// Run prints what became of the user.
func (c *adminKick) Run(ctx context.Context, s *streams) error {
	path := "/v1/users/" + url.PathEscape(c.ID)
	if c.Ban != nil {
		path += "?ban=" + c.Ban.String()
	}
	var got struct {
		Removed bool
		Until   time.Time `json:"banned_until"`
	}
	err := c.ask(ctx, http.MethodDelete, path, nil, &got)
	if p, ok := errors.AsType[*problem](err); ok && p.Status == http.StatusNotFound {
		fmt.Fprintf(s.out, "%s is not connected\n", chat.Readable([]byte(c.ID)))

		return errNotAll
	} else if err != nil {
		return err
	}
	what := "is not connected"
	if got.Removed {
		what = "was sent away"
	}
	switch {
	case c.Ban == nil:
	case got.Until.IsZero():
		what = "may log in"
	default:
		what += "; banned until " + got.Until.Format(time.RFC3339)
	}
	fmt.Fprintf(s.out, "%s %s\n", chat.Readable([]byte(c.ID)), what)

	return nil
}

type adminNodes struct {
	operator
}

// Run prints a line for each node.
func (c *adminNodes) Run(ctx context.Context, s *streams) error {
	var page struct {
		Nodes []struct {
			ID, Reason     string
			Ready          bool
			Users, Members int
			Since          time.Time
		}
	}
	if err := c.ask(ctx, http.MethodGet, "/v1/nodes", nil, &page); err != nil {
		return err
	}
	all := true
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, n := range page.Nodes {
		state := "ready"
		if !n.Ready {
			all, state = false, "not ready: "+n.Reason
		}
		since := ""
		if !n.Since.IsZero() {
			since = "since " + n.Since.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%s\t%d users\t%d members\t%s\t%s\n", n.ID, n.Users, n.Members, state, since)
	}
	_ = table.Flush()
	if !all {
		return errNotAll
	}

	return nil
}

type adminSend struct {
	operator

	From string   `help:"User ID in whose name the message is sent." placeholder:"USER" required:"true"`
	To   string   `help:"User ID of the recipient." placeholder:"USER" required:"true"`
	Ver  uint8    `default:"1" help:"Ver of the push (default: ${default})." placeholder:"N"`
	Cmd  uint16   `default:"701" help:"Cmd of the push (default: ${default})." placeholder:"N"`
	Key  string   `name:"idempotency-key" help:"A message that is sent again with the same key, at the same node, within 10 minutes, arrives once." placeholder:"KEY"`
	Text []string `arg:"" help:"The message; - reads it from standard input, without its final newline."`
}

// Run prints the outcome.
func (c *adminSend) Run(ctx context.Context, s *streams) error {
	text, err := (&sendCommand{Text: c.Text}).message(s.in)
	if err != nil {
		return err
	}
	body, err := json.Marshal(map[string]any{"from": c.From, "to": c.To, "ver": c.Ver, "cmd": c.Cmd, "base64": text})
	if err != nil {
		return err
	}
	var got struct{ Result string }
	if err := c.ask(ctx, http.MethodPost, "/v1/messages", body, &got, "Idempotency-Key", c.Key); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s\n", got.Result)
	if got.Result != "delivered" {
		return errNotAll
	}

	return nil
}

// problem is an error of the API.
type problem struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Code   int    `json:"code"`
}

// Error is the problem in one line.
func (p *problem) Error() string {
	text := p.Detail
	if p.Title != "" && !strings.Contains(strings.ToLower(text), strings.ToLower(p.Title)) {
		text = strings.ToLower(p.Title) + ": " + text
	}
	if p.Code != 0 {
		text += " (" + strconv.Itoa(p.Code) + ")"
	}

	return text
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// readyCommand is for health checks in images that have no HTTP client.
type readyCommand struct {
	URL     string        `name:"url" default:"http://127.0.0.1:7000" help:"The node's HTTP or admin listener (default: ${default})." placeholder:"URL"`
	TLSCA   string        `name:"tls-ca" help:"PEM certificates to trust instead of the system's, for https://." placeholder:"FILE"`
	Timeout time.Duration `default:"3s" help:"Bound on the request (default: ${default})." placeholder:"TIME"`
}

// Run succeeds if the node takes users.
func (c *readyCommand) Run(ctx context.Context, s *streams) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	o := operator{URL: c.URL, TLSCA: c.TLSCA}
	if err := o.checkURL(); err != nil {
		return err
	}
	web, err := o.web()
	if err != nil {
		return err
	}
	defer web.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(c.URL, "/")+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := web.Do(r)
	if err != nil {
		return o.noAnswer(err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestReason))
	if err != nil {
		return o.noAnswer(err)
	}
	if reason := strings.TrimSpace(string(text)); answer.StatusCode != http.StatusOK {
		return errors.New(reason)
	}
	fmt.Fprintln(s.out, "ready")

	return nil
}

// longestReason bounds what is read of a reason, in bytes.
const longestReason = 4 << 10

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parley-dm/parley/internal/config"
)

// operator is the node that is asked, and the key. It is part of the commands of admin.
type operator struct {
	URL      string        `name:"url" default:"http://127.0.0.1:7000" env:"PARLEY_ADMIN_URL" help:"A node's admin listener, or its HTTP listener if it has none (default: ${default})." placeholder:"URL"`
	AdminKey string        `env:"PARLEY_ADMIN_KEY" help:"The nodes' admin key, or file:PATH." placeholder:"KEY"`
	TLSCA    string        `name:"tls-ca" help:"PEM certificates to trust instead of the system's, for https://." placeholder:"FILE"`
	Timeout  time.Duration `default:"10s" help:"Bound on the request (default: ${default})." placeholder:"TIME"`
}

// longestAnswer bounds what is read of a node's answer, in bytes.
const longestAnswer = 64 << 20

// ask asks the node. It fills in v, or returns a *problem. Header holds names and values; an empty
// value is left out.
func (o *operator) ask(ctx context.Context, method, path string, body []byte, v any, header ...string) error {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	r, err := o.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	web, err := o.web()
	if err != nil {
		return err
	}
	defer web.CloseIdleConnections()
	answer, err := web.Do(r)
	if err != nil {
		return o.noAnswer(err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	text, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer))
	if err != nil {
		return fmt.Errorf("%s: %w", o.URL, err)
	}

	return o.read(answer, text, v)
}

func (o *operator) read(answer *http.Response, text []byte, v any) error {
	if answer.StatusCode == http.StatusOK {
		if err := json.Unmarshal(text, v); err != nil {
			return fmt.Errorf("%s is no node's admin API: %w", o.URL, err)
		}

		return nil
	}
	var p problem
	if json.Unmarshal(text, &p) != nil || p.Status == 0 {
		return fmt.Errorf("%s has no admin API (%s): give the node an --admin-key, and the URL of its admin listener if it has one", o.URL, answer.Status)
	}

	return &p
}

func (o *operator) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	if err := o.checkURL(); err != nil {
		return nil, err
	}
	if o.AdminKey == "" {
		return nil, errors.New("no key: give --admin-key, or set PARLEY_ADMIN_KEY")
	}
	key, err := config.ReadAdminKey(o.AdminKey)
	if err != nil {
		return nil, fmt.Errorf("--admin-key: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(o.URL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}

	return r, nil
}

func (o *operator) checkURL() error {
	u, err := url.Parse(o.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("--url: %q is no URL of a node: write http://host:port or https://host:port", o.URL)
	}

	return nil
}

// noAnswer says that the node cannot be reached.
func (o *operator) noAnswer(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}

	return fmt.Errorf("%s does not answer: %w", o.URL, err)
}

// web is the HTTP client, which trusts what --tls-ca says.
func (o *operator) web() (*http.Client, error) {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment}
	if o.TLSCA != "" {
		pool, err := trusted(o.TLSCA)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}

	return &http.Client{Transport: t}, nil
}

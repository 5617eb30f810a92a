package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/devkey"
)

// signing is the key that signs tokens.
type signing struct {
	AuthKey string `env:"PARLEY_AUTH_KEY" help:"Auth key: a secret, or file:PATH of one or of a private key (default: this machine's)." placeholder:"KEY"`
}

// key is the auth key that was given, or else that of this machine.
func (s *signing) key() (auth.Key, error) {
	if s.AuthKey != "" {
		key, err := auth.ParseKey(s.AuthKey)
		if err != nil {
			return auth.Key{}, fmt.Errorf("--auth-key: %w", err)
		}

		return key, nil
	}

	return devKey()
}

func devKey() (auth.Key, error) {
	path, err := devkey.Path()
	if err != nil {
		return auth.Key{}, err
	}

	return devkey.Load(path)
}

// login is the user and the nodes to connect to. It is part of send and chat.
type login struct {
	signing

	As    string   `help:"Your user ID. Another session of that user ends." placeholder:"USER"`
	Token string   `env:"PARLEY_TOKEN" help:"Your token, or file:PATH with it (default: one is made with the auth key)." placeholder:"TOKEN"`
	URL   []string `name:"url" default:"tcp://127.0.0.1:7200" env:"PARLEY_URL" help:"The node: tcp://, tls://, ws:// or wss://. Several, repeated or with commas: the next one is tried when one fails (default: ${default})." placeholder:"URL"`
	TLSCA string   `name:"tls-ca" help:"PEM certificates to trust instead of the system's, for tls:// and wss://." placeholder:"FILE"`
}

// tokenLife is the life of a token that is made for one login: the client asks for a new one at
// each reconnect.
const tokenLife = time.Minute

// addresses are the URLs in the form that client.Dial takes.
func (l *login) addresses() string { return strings.Join(l.URL, ",") }

// options are the client's for this login.
func (l *login) options() ([]client.Option, error) {
	options := []client.Option{client.WithName("parley-cli/" + versionText())}
	switch {
	case strings.HasPrefix(l.Token, "file:"):
		path := strings.TrimPrefix(l.Token, "file:")
		if _, err := readToken(path); err != nil {
			return nil, err
		}
		options = append(options, client.WithTokenSource(func(context.Context) (string, error) { return readToken(path) }))
	case l.Token != "":
		options = append(options, client.WithToken(l.Token))
	case l.As == "":
		return nil, errors.New("no user: give --as USER, or a --token")
	default:
		key, err := l.key()
		if err != nil {
			return nil, err
		}
		if _, err := key.Mint(l.As, tokenLife); err != nil { // a bad user ID, or a public key: no connection is needed to know
			return nil, fmt.Errorf("--as: %w", err)
		}
		options = append(options, client.WithTokenSource(func(context.Context) (string, error) { return key.Mint(l.As, tokenLife) }))
	}
	if l.TLSCA != "" {
		pool, err := trusted(l.TLSCA)
		if err != nil {
			return nil, err
		}
		options = append(options, client.WithTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}))
	}

	return options, nil
}

// trusted reads the certificates of --tls-ca.
func trusted(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--tls-ca: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--tls-ca: %s has no PEM certificate", file)
	}

	return pool, nil
}

// readToken reads a token from a file, which another program may keep fresh.
func readToken(path string) (string, error) {
	const most = 64 << 10
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("--token: %w", err)
	}
	defer file.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return "", fmt.Errorf("--token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("--token: %s is empty: write a token into it", path)
	}

	return token, nil
}

// check compares the user ID of the token with --as.
func (l *login) check(userID string) error {
	if l.As != "" && l.As != userID {
		return fmt.Errorf("the token is of %q, not of %q: leave out --as, or get another token", userID, l.As)
	}

	return nil
}

package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/parley-dm/parley/wire"
)

// Bounds of one attempt, from the first packet to the welcome.
const (
	connectTimeout = 15 * time.Second
	shorterTimeout = 5 * time.Second // with other addresses to try: a host without an answer must not hold them up
)

// errNoToken: the token source failed, whatever the address.
var errNoToken = errors.New("no token")

// connect makes one attempt to log in.
func connect(ctx context.Context, a address, timeout time.Duration, cfg *config) (*conn, error) {
	token, err := cfg.token(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoToken, err)
	}
	attempt, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	open := openStream
	if a.websocket {
		open = openMessages
	}
	tr, err := open(attempt, a, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", a.url, err)
	}
	stop := context.AfterFunc(attempt, tr.close)
	cn, err := login(tr, wire.Hello{Token: token, Client: cfg.name}, cfg)
	if !stop() {
		err = attempt.Err() // the transport was closed under the login's hands
		if ctx.Err() == nil {
			err = fmt.Errorf("no welcome within %v: %w", timeout, err)
		}
	}
	if err != nil {
		tr.close()

		return nil, fmt.Errorf("log in at %s: %w", a.url, err)
	}

	return cn, nil
}

// login says hello and waits for the welcome.
func login(tr transport, hello wire.Hello, cfg *config) (*conn, error) {
	writing := writeWhole(tr, wire.AppendFrame(nil, wire.Frame{Kind: wire.KindHello, Payload: hello.Append(nil)}))
	f, err := tr.next() // even if writing failed: the server may have said why it closed
	if err != nil {
		return nil, noWelcome(errors.Join(writing, err))
	}
	switch f.Kind {
	case wire.KindWelcome:
		welcome, err := wire.ParseWelcome(f.Payload)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrProtocol, err)
		}

		return newConn(tr, welcome, cfg)
	case wire.KindGoodbye:
		return nil, goodbye(f)
	default:
		return nil, fmt.Errorf("%w: it answered the hello with a %v", ErrProtocol, f.Kind)
	}
}

// noWelcome says what an error of the transport means during login.
func noWelcome(err error) error {
	if broken := asProtocolError(err); broken != nil {
		return fmt.Errorf("is this a Parley server? %w", broken)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("the server closed the connection without a word")
	}

	return err
}

func goodbye(f wire.Frame) *GoodbyeError {
	return &GoodbyeError{Code: wire.Goodbye(f.Cmd), Text: string(f.Payload)}
}

package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

const (
	probeTimeout = 2 * time.Second // for the connections that find out what a port speaks
	probeAfter   = time.Second     // without a welcome: an HTTP server waits for the rest of what it takes for a request
)

// SchemeError is a URL whose scheme does not fit what its port speaks.
type SchemeError struct {
	URL   string // as it was given
	Found string // what the port speaks, in words
	Right string // the URL that fits; "" if the port is not for clients
	Err   error  // why the attempt with URL failed
}

// Error says in one line what was found and which URL is right.
func (e *SchemeError) Error() string {
	if e.Right == "" {
		return fmt.Sprintf("%s: this port speaks %s: use an address for clients, which `parley serve` prints (clients, web)", e.URL, e.Found)
	}

	return fmt.Sprintf("%s: this port speaks %s: use %s", e.URL, e.Found, e.Right)
}

// Unwrap is the error of the attempt.
func (e *SchemeError) Unwrap() error { return e.Err }

// connectOrExplain is connect whose error is a *SchemeError if another scheme would have been
// right. A probe asks the port what it speaks, on connections of its own and without the token:
// after an error that another scheme would explain, and once the welcome has not come for
// probeAfter.
func connectOrExplain(ctx context.Context, a address, timeout time.Duration, cfg *config) (*conn, error) {
	attempt, cancel := context.WithCancel(ctx)
	defer cancel()
	found := speaksUnknown
	var probing sync.WaitGroup
	probing.Go(func() {
		if sleep(attempt, probeAfter) {
			found = identify(attempt, a, cfg)
			if found != speaksUnknown && found != a.speaks() {
				cancel()
			}
		}
	})
	cn, err := connect(attempt, a, timeout, cfg)
	cancel()
	probing.Wait()
	if err == nil || ctx.Err() != nil {
		return cn, err
	}
	if found == speaksUnknown && explainable(err) {
		found = identify(ctx, a, cfg)
	}
	if found == speaksUnknown || found == a.speaks() {
		return nil, err
	}

	return nil, schemeError(a, found, err)
}

// explainable tells whether another scheme would explain err.
func explainable(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errNoToken) {
		return false
	}
	if _, ok := errors.AsType[*GoodbyeError](err); ok {
		return false
	}
	op, ok := errors.AsType[*net.OpError](err)

	return !ok || op.Op != "dial"
}

func schemeError(a address, found protocol, err error) *SchemeError {
	e := &SchemeError{URL: a.url, Found: found.String(), Err: err}
	host := a.hostport
	switch found {
	case speaksTCP:
		e.Right = "tcp://" + host
	case speaksTLS:
		e.Right = "tls://" + host
	case speaksWS:
		e.Right = "ws://" + host + "/ws"
	case speaksWSS:
		e.Right = "wss://" + host + "/ws"
	case speaksCluster, speaksUnknown:
	}

	return e
}

// protocol is what a port speaks.
type protocol uint8

const (
	speaksUnknown protocol = iota
	speaksTCP
	speaksTLS
	speaksWS
	speaksWSS
	speaksCluster
)

// String is the protocol in words.
func (p protocol) String() string {
	switch p {
	case speaksTCP:
		return "Parley over TCP without TLS"
	case speaksTLS:
		return "Parley over TLS"
	case speaksWS:
		return "HTTP without TLS"
	case speaksWSS:
		return "HTTP over TLS"
	case speaksCluster:
		return "the protocol between nodes (a cluster port)"
	case speaksUnknown:
	}

	return "an unknown protocol"
}

func (a address) speaks() protocol {
	switch {
	case a.websocket && a.secure:
		return speaksWSS
	case a.websocket:
		return speaksWS
	case a.secure:
		return speaksTLS
	}

	return speaksTCP
}

// identify finds out what a's port speaks: first whether it speaks TLS, then what it answers to an
// HTTP request.
func identify(ctx context.Context, a address, cfg *config) protocol {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if nc, err := cfg.dial(ctx, "tcp", a.hostport); err == nil {
		defer nc.Close()
		unbound := context.AfterFunc(ctx, func() { nc.Close() })
		defer unbound()
		secured := tls.Client(nc, &tls.Config{
			ServerName:         a.host,
			InsecureSkipVerify: true, //nolint:gosec // nothing secret is sent, and the connection is closed after one answer
		})
		if secured.HandshakeContext(ctx) == nil {
			return identifySecured(secured)
		}
	}
	nc, err := cfg.dial(ctx, "tcp", a.hostport)
	if err != nil {
		return speaksUnknown
	}
	defer nc.Close()
	unbound := context.AfterFunc(ctx, func() { nc.Close() })
	defer unbound()
	switch probe(nc) {
	case answerHTTP:
		return speaksWS
	case answerFrame:
		return speaksTCP
	case answerNone:
	}

	return speaksUnknown
}

// identifySecured tells a cluster port by its certificate, which names nothing, and by its silence.
func identifySecured(secured *tls.Conn) protocol {
	switch probe(secured) {
	case answerHTTP:
		return speaksWSS
	case answerFrame:
		return speaksTLS
	case answerNone:
	}
	certs := secured.ConnectionState().PeerCertificates
	if len(certs) == 1 && certs[0].Subject.String() == "" && len(certs[0].DNSNames)+len(certs[0].IPAddresses) == 0 {
		return speaksCluster
	}

	return speaksUnknown
}

// answer is what a server answers to an HTTP request.
type answer uint8

const (
	answerNone  answer = iota // nothing, or bytes of another protocol
	answerHTTP                // HTTP
	answerFrame               // a frame of Parley: the goodbye for bytes that are no frame
)

// probe sends an HTTP request and looks at the first bytes of the answer.
func probe(nc net.Conn) answer {
	const start = "HTTP/"
	if _, err := io.WriteString(nc, "GET / HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n"); err != nil {
		return answerNone
	}
	var first [wire.LengthSize + wire.HeaderSize]byte
	if _, err := io.ReadFull(nc, first[:]); err != nil {
		return answerNone
	}
	if strings.HasPrefix(string(first[:]), start) {
		return answerHTTP
	}
	if f, err := wire.ParseBody(first[wire.LengthSize:]); err == nil && f.Kind == wire.KindGoodbye {
		return answerFrame
	}

	return answerNone
}

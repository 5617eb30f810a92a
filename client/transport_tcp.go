package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/wire"
)

// stream is TCP or TLS: frames one after another, each with its length.
type stream struct {
	netio.Conn // what frames go through

	base net.Conn // the network connection beneath: closing it never waits
	in   *wire.Reader
}

func openStream(ctx context.Context, a address, cfg *config) (transport, error) {
	base, err := cfg.dial(ctx, "tcp", a.hostport)
	if err != nil {
		return nil, err
	}
	s := &stream{base: base}
	through := base
	if a.secure {
		secured := tls.Client(base, tlsConfig(a, cfg))
		if err := secured.HandshakeContext(ctx); err != nil {
			base.Close()

			return nil, fmt.Errorf("TLS: %w", err)
		}
		through = secured
	}
	s.Init(through)
	s.in = wire.NewReader(through, wire.DefaultMaxMessage+wire.FrameRoom)

	return s, nil
}

func (s *stream) next() (wire.Frame, error) { return s.in.Next() }
func (s *stream) limit(maxBody int)         { s.in.SetMaxBody(maxBody) }
func (s *stream) close()                    { s.base.Close() }

// closeWrite lets the server read the last frame before it learns that there is nothing more:
// closing at once with unread bytes in our buffers would reset the connection and could take the
// frame along.
func (s *stream) closeWrite() { s.CloseWrite() }

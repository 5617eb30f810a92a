package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/parley-dm/parley/wire"
)

// stream is TCP or TLS: frames one after another, each with its length.
type stream struct {
	nc   net.Conn // what frames go through
	base net.Conn // the network connection beneath: closing it never waits
	in   *wire.Reader
}

// openStream connects to a. The transport it returns is a tryWriter where the operating system
// allows.
func openStream(ctx context.Context, a address, cfg *config) (transport, error) {
	base, err := cfg.dial(ctx, "tcp", a.hostport)
	if err != nil {
		return nil, err
	}
	s := stream{nc: base, base: base}
	if a.secure {
		secured := tls.Client(base, tlsConfig(a, cfg))
		if err := secured.HandshakeContext(ctx); err != nil {
			base.Close()

			return nil, fmt.Errorf("TLS: %w", err)
		}
		s.nc = secured
	}
	s.in = wire.NewReader(s.nc, wire.DefaultMaxMessage+wire.FrameRoom)

	return tryStream(&s), nil
}

func (s *stream) next() (wire.Frame, error) { return s.in.Next() }
func (s *stream) limit(maxBody int)         { s.in.SetMaxBody(maxBody) }
func (s *stream) close()                    { s.base.Close() }

func (s *stream) write(frames []byte) error {
	_, err := s.nc.Write(frames)

	return err
}

// closeWrite lets the server read the last frame before it learns that there is nothing more:
// closing at once with unread bytes in our buffers would reset the connection and could take the
// frame along.
func (s *stream) closeWrite() {
	if half, ok := s.nc.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the connection is being given up in any case
	}
}

package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/wire"
)

// stream is TCP or TLS: frames one after another, each with its length.
type stream struct {
	nc   net.Conn // what frames go through
	base net.Conn // the network connection beneath: closing it never waits
	in   netio.ReadBuffer
	most int // the longest body
}

// openStream connects to a. The transport it returns is a tryWriter where the operating system
// allows.
func openStream(ctx context.Context, a address, cfg *config) (transport, error) {
	base, err := cfg.dial(ctx, "tcp", a.hostport)
	if err != nil {
		return nil, err
	}
	s := stream{nc: base, base: base, most: wire.DefaultMaxMessage + wire.FrameRoom}
	if a.secure {
		secured := tls.Client(base, tlsConfig(a, cfg))
		if err := secured.HandshakeContext(ctx); err != nil {
			base.Close()

			return nil, fmt.Errorf("TLS: %w", err)
		}
		s.nc = secured
	}

	return tryStream(&s), nil
}

func (s *stream) limit(maxBody int) { s.most = maxBody }
func (s *stream) close()            { s.base.Close() }

func (s *stream) next() (wire.Frame, error) {
	for {
		body, n, err := wire.Split(s.in.Bytes(), s.most)
		if err != nil {
			return wire.Frame{}, err
		}
		if n > 0 {
			s.in.Consume(n)

			return wire.ParseBody(body)
		}
		if err := s.fill(); err != nil {
			return wire.Frame{}, err
		}
	}
}

// fill waits for bytes and reads them. The buffer grows with what arrives, never with what a length
// only promises.
func (s *stream) fill() error {
	n, err := s.nc.Read(s.in.Space(0))
	s.in.Commit(n)
	switch {
	case n > 0:
		return nil // an error that came with bytes comes again without them
	case errors.Is(err, io.EOF) && s.in.Len() > 0:
		return io.ErrUnexpectedEOF
	}

	return err
}

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

//go:build linux

package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// loopConn is an end of a connection without a network: what is written to one is read from the
// other.
type loopConn struct {
	net.Conn

	in, out *[]byte
}

func (c loopConn) Read(p []byte) (int, error) {
	if len(*c.in) == 0 {
		return 0, io.ErrNoProgress
	}
	n := copy(p, *c.in)
	*c.in = (*c.in)[:copy(*c.in, (*c.in)[n:])]

	return n, nil
}

func (c loopConn) Write(p []byte) (int, error) {
	*c.out = append(*c.out, p...)

	return len(p), nil
}

// switched is net.Pipe during the handshake.
type switched struct{ net.Conn }

// BenchmarkTLS is the CPU that encryption costs a piece, both ends together, without any network.
func BenchmarkTLS(b *testing.B) {
	for _, size := range []int{64, 1024, 16 << 10, 64 << 10} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			server, client, err := tlsConfigs()
			if err != nil {
				b.Fatal(err)
			}
			p, q := net.Pipe()
			ps, qs := &switched{p}, &switched{q}
			sender, receiver := tls.Client(ps, client), tls.Server(qs, server)
			done := make(chan error, 1)
			go func() { done <- receiver.HandshakeContext(context.Background()) }()
			if err := sender.HandshakeContext(context.Background()); err != nil {
				b.Fatal(err)
			}
			if err := <-done; err != nil {
				b.Fatal(err)
			}
			var wire, none []byte
			ps.Conn, qs.Conn = loopConn{in: &none, out: &wire}, loopConn{in: &wire, out: &none}
			piece, buf := make([]byte, size), make([]byte, 32<<10)
			var before, after unix.Rusage
			_ = unix.Getrusage(unix.RUSAGE_SELF, &before)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if _, err := sender.Write(piece); err != nil {
					b.Fatal(err)
				}
				for got := 0; got < size; {
					n, err := receiver.Read(buf)
					if err != nil {
						b.Fatal(err)
					}
					got += n
				}
			}
			_ = unix.Getrusage(unix.RUSAGE_SELF, &after)
			used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
			b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
			b.SetBytes(int64(size))
		})
	}
}

// cpuOf reports the CPU of both ends for each of n operations.
func cpuOf(b *testing.B, f func()) {
	b.Helper()
	var before, after unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &before)
	f()
	_ = unix.Getrusage(unix.RUSAGE_SELF, &after)
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
}

// BenchmarkPlainRoundTrip is the floor: the same bytes there and back over TCP on loopback, in
// clear.
func BenchmarkPlainRoundTrip(b *testing.B) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		buf := make([]byte, 1<<10)
		for {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			_, _ = c.Write(buf[:n])
		}
	}()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	back := make(chan struct{}, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 1<<10)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			back <- struct{}{}
		}
	}()
	packet := make([]byte, 64)
	cpuOf(b, func() {
		for range b.N {
			_, _ = c.Write(packet)
			<-back
		}
	})
	c.Close()
	<-done
	<-read
}

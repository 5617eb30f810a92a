package client_test

import (
	"crypto/tls"
	"net"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/wire"
)

func TestAClientThatReturnsResumesItsTLSSession(t *testing.T) {
	server, trusting := testkit.TLS(t)
	server.MinVersion, trusting.MinVersion = tls.VersionTLS13, tls.VersionTLS13
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	resumed := make(chan bool, 3)
	served := make(chan struct{})
	go func() {
		defer close(served)
		for range cap(resumed) {
			base, err := ln.Accept()
			if err != nil {
				return
			}
			conn := tls.Server(base, server)
			in := wire.NewReader(conn, wire.DefaultMaxMessage)
			if _, err := in.Next(); err == nil {
				resumed <- conn.ConnectionState().DidResume
				welcome := wire.Welcome{User: "alice", HeartbeatMS: 60_000, MaxMessage: 1000}
				_, _ = conn.Write(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindWelcome, Payload: welcome.Append(nil)}))
			}
			_ = conn.Close()
		}
	}()
	c, err := client.Dial(t.Context(), "tls://"+ln.Addr().String(), client.WithToken("t"), client.WithBackoff(1, 1),
		client.WithTLS(trusting))
	if err != nil {
		t.Fatal(err)
	}
	for i := range cap(resumed) {
		if got := <-resumed; got != (i > 0) {
			t.Errorf("connection %d: resumed is %v", i, got)
		}
	}
	<-served
	_ = ln.Close()
	_ = c.Close()
}

package bench

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// relaysHere starts the floor inside this process.
func relaysHere(t *testing.T) *system {
	t.Helper()
	sys := &system{name: "floor", proto: relayProtocol{}}
	ctx, stop := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	t.Cleanup(func() {
		stop()
		serving.Wait()
	})
	join := ""
	for range 2 {
		addr := make(chan string, 1)
		with := join
		serving.Go(func() {
			if err := ServeRelay(ctx, with, func(name, value string) {
				if name == "clients" {
					addr <- value
				}
			}); err != nil {
				t.Error(err)
				addr <- ""
			}
		})
		join = <-addr
		sys.addrs = append(sys.addrs, join)
	}

	return sys
}

// listen starts a server that handles each connection with f, in this process.
func listen(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				f(conn)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		serving.Wait()
	})

	return ln.Addr().String()
}

func wantError(t *testing.T, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("error %v, want one with %q", err, part)
	}
}

// plausible checks what every set of durations has to be.
func plausible(t *testing.T, l Latency) {
	t.Helper()
	if l.Count == 0 || l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max || l.Mean <= 0 || l.Mean > l.Max {
		t.Errorf("implausible: %+v", l)
	}
}

package client_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/wire"
)

// bulk is what fills the queue of outgoing frames with few of them.
var bulk = make([]byte, 200_000)

func roomy(w *wire.Welcome) { w.MaxMessage = 1 << 20 }

// fill posts until the queue is full, in a bubble: what its one writer has taken out of it, it does
// not get rid of.
func fill(t *testing.T, c *client.Client) {
	t.Helper()
	if err := c.Post(2, 10, nil); err != nil {
		t.Fatal(err)
	}
	synctest.Wait() // it is being written
	for range 100 {
		if err := c.Post(2, 10, bulk); errors.Is(err, client.ErrQueueFull) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the queue has no bound")
}

func TestRequestsWaitForRoomInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			p.login(roomy)
			<-time.After(10 * time.Second)
			p.obey()
		})
		c := f.dial()
		fill(t, c)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := send(c, ctx, "bob", []byte("x"))
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "was not sent") || time.Since(start) != time.Second {
			t.Errorf("error is %v after %v", err, time.Since(start))
		}
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil || time.Since(start) != 10*time.Second || f.logins() != 1 {
			t.Errorf("error is %v after %v and %d logins", err, time.Since(start), f.logins())
		}
	})
}

func TestARequestThatWaitsForRoomGoesToTheNextConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			p.login(roomy)
			if p.n == 0 {
				<-time.After(10 * time.Second)

				return
			}
			p.obey()
		})
		c := f.dial()
		fill(t, c)
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil || f.logins() != 2 {
			t.Errorf("error is %v after %d logins", err, f.logins())
		}
	})
}

func TestAWebSocketTextMessageBreaksTheProtocol(t *testing.T) {
	f := serve(t, "ws", func(p *peer) {
		p.login()
		if p.n == 0 {
			_ = p.text("hello")
		}
		p.obey()
	})
	c := f.dial(client.WithoutReconnect())
	receive(t, "Done", c.Done())
	if err := c.Err(); !errors.Is(err, client.ErrProtocol) || !strings.Contains(err.Error(), "text message") {
		t.Errorf("error is %v", err)
	}
}

func TestTheLogTellsOfConnectionsAndNeitherOfTokensNorOfMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			p.login()
			p.send(message("bob", "private"))
			if p.n > 0 {
				p.obey()
			}
		})
		log := &testkit.Output{}
		o := &outage{f: f, revive: 3}
		c := f.dial(o.dialer(), client.WithToken("s3cret"), client.WithLogger(slog.New(slog.NewTextHandler(log, nil))))
		time.Sleep(time.Minute)
		if err := send(c, t.Context(), "bob", []byte("private")); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"connection lost", "attempt to reconnect failed", "network is down", "connected again", "node=n1"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not say %q", want)
			}
		}
		if s := log.String(); strings.Contains(s, "s3cret") || strings.Contains(s, "private") {
			t.Errorf("the log says too much: %s", s)
		}
	})
}

func TestEveryStateHasAName(t *testing.T) {
	for state, want := range map[client.State]string{
		client.StateConnected: "connected", client.StateReconnecting: "reconnecting", client.StateClosed: "closed", 0: "unknown",
	} {
		if state.String() != want {
			t.Errorf("%d is called %s, want %s", state, state, want)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	for _, how := range []string{"tcp", "ws"} {
		f := serve(b, how, func(p *peer) {
			p.login()
			p.obey()
		})
		c := f.dial()
		msg := make([]byte, 64)
		b.Run(how, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := send(c, b.Context(), "bob", msg); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(how+" crowd", func(b *testing.B) {
			b.SetParallelism(100)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := send(c, b.Context(), "bob", msg); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

package client_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestCloseFlushesAndSaysGoodbye(t *testing.T) {
	for _, how := range transports {
		const posts = 500
		got := make(chan int, 1)
		f := serve(t, how, func(p *peer) {
			p.login()
			n := 0
			for {
				r, err := p.read()
				if err != nil {
					t.Errorf("%s: no goodbye but %v after %d posts", how, err, n)

					return
				}
				switch r.Kind {
				case wire.KindRequest:
					n++
				case wire.KindGoodbye:
					if wire.Goodbye(r.Cmd) != wire.GoodbyeLeaving {
						t.Errorf("%s: goodbye is %d", how, r.Cmd)
					}
					got <- n

					return
				}
			}
		})
		c := f.dial()
		for range posts {
			if err := c.Post(2, 10, make([]byte, 500)); err != nil {
				t.Fatalf("%s: %v", how, err)
			}
		}
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := c.Close(); err != nil {
					t.Errorf("%s: %v", how, err)
				}
			})
		}
		wg.Wait()
		if n := receive(t, "goodbye", got); n != posts {
			t.Errorf("%s: %d posts arrived", how, n)
		}
		if err := c.Err(); !errors.Is(err, client.ErrClosed) || c.State() != client.StateClosed {
			t.Errorf("%s: %v, %v", how, err, c.State())
		}
		if err := send(c, t.Context(), "bob", []byte("x")); !errors.Is(err, client.ErrClosed) {
			t.Errorf("%s: %v", how, err)
		}
		if err := c.Post(2, 10, nil); !errors.Is(err, client.ErrClosed) {
			t.Errorf("%s: %v", how, err)
		}
	}
}

func TestCloseEndsRequestsUnderWay(t *testing.T) {
	arrived := make(chan struct{})
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		_, _ = p.next(wire.KindRequest)
		close(arrived)
		p.drain()
	})
	c := f.dial()
	lost := make(chan error, 1)
	go func() { lost <- send(c, t.Context(), "bob", []byte("x")) }()
	receive(t, "request", arrived)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := receive(t, "the request's end", lost); !errors.Is(err, client.ErrClosed) || errors.Is(err, client.ErrConnectionLost) {
		t.Errorf("error is %v", err)
	}
}

func TestCloseDoesNotWaitForAServerThatDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		f := serve(t, "pipe", func(p *peer) {
			p.login()
			_, _ = p.next(wire.KindGoodbye)
			<-open // does not close
		})
		c := f.dial()
		start := time.Now()
		if err := c.Close(); err != nil || time.Since(start) != time.Second {
			t.Errorf("error is %v after %v", err, time.Since(start))
		}
		close(open)
	})
}

func TestCloseTellsWhatCouldNotBeFlushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(chan struct{})
		f := serve(t, "pipe", func(p *peer) {
			p.login()
			<-open // does not read
		})
		c, err := client.Dial(t.Context(), f.url, f.dialer, client.WithToken("secret"))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := c.Post(2, 10, nil); err != nil {
			t.Error(err)
		}
		if err := c.Close(); !errors.Is(err, client.ErrConnectionLost) || time.Since(start) != 5*time.Second {
			t.Errorf("error is %v after %v", err, time.Since(start))
		}
		close(open)
	})
}

func TestCloseEndsAttemptsToReconnect(t *testing.T) {
	hang := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()

		return nil, ctx.Err()
	}
	for name, later := range map[string]func(ctx context.Context, network, addr string) (net.Conn, error){
		"in a pause":    func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("down") },
		"in an attempt": hang,
	} {
		synctest.Test(t, func(t *testing.T) {
			f := serve(t, "pipe", func(p *peer) { p.login() })
			dials := 0
			c := f.dial(client.WithBackoff(time.Second, time.Hour), client.WithDialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
				dials++
				if dials > 1 {
					return later(ctx, network, addr)
				}
				ours, theirs := net.Pipe()
				f.stream(ours)

				return theirs, nil
			}))
			time.Sleep(10 * time.Second)
			start := time.Now()
			if err := c.Close(); err != nil || time.Since(start) != 0 || !errors.Is(c.Err(), client.ErrClosed) {
				t.Errorf("%s: error is %v after %v, %v", name, err, time.Since(start), c.Err())
			}
		})
	}
}

func TestCloseAfterTheEndKeepsItsReason(t *testing.T) {
	f := serve(t, "tcp", func(p *peer) {
		p.login()
		p.send(farewell(wire.GoodbyeReplaced, ""))
	})
	c := f.dial()
	receive(t, "Done", c.Done())
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if bye, ok := errors.AsType[*client.GoodbyeError](c.Err()); !ok || bye.Code != wire.GoodbyeReplaced {
		t.Errorf("error is %v", c.Err())
	}
}

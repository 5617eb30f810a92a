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

// hosts is a network of fake servers by name, each up or down.
type hosts struct {
	mu    sync.Mutex
	up    map[string]*fake // guarded by mu
	asked []string         // guarded by mu: hosts in the order of attempts
	at    []time.Time      // guarded by mu: of each attempt
}

func (h *hosts) dialer() client.Option {
	return client.WithDialer(func(_ context.Context, _, addr string) (net.Conn, error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		host, _, _ := net.SplitHostPort(addr)
		h.asked, h.at = append(h.asked, host), append(h.at, time.Now())
		f := h.up[host]
		if f == nil {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused by " + host)}
		}
		ours, theirs := net.Pipe()
		f.stream(ours)

		return theirs, nil
	})
}

func (h *hosts) set(host string, f *fake) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.up[host] = f
}

func (h *hosts) attempts() ([]string, []time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()

	return h.asked, h.at
}

func (h *hosts) dial(t *testing.T, urls string, opts ...client.Option) (*client.Client, error) {
	t.Helper()
	c, err := client.Dial(t.Context(), urls, append([]client.Option{h.dialer(), client.WithToken("secret")}, opts...)...)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}

	return c, err
}

// server is a fake named name that obeys until cut is closed.
func server(t *testing.T, name string, cut <-chan struct{}) *fake {
	t.Helper()

	return serve(t, "pipe", func(p *peer) {
		p.login(func(w *wire.Welcome) { w.Node = name })
		if cut != nil {
			<-cut

			return
		}
		p.obey()
	})
}

func TestDialTriesItsAddressesInOrder(t *testing.T) {
	h := &hosts{up: map[string]*fake{"c": server(t, "c", nil)}}
	c, err := h.dial(t, "tcp://a:1, tcp://b:1,tcp://c:1")
	if err != nil || c.Node() != "c" || c.URL() != "tcp://c:1" {
		t.Fatalf("error is %v", err)
	}
	h.set("c", nil)
	_, err = h.dial(t, "tcp://a:1,tcp://c:1")
	if err == nil || err.Error() != "client: connect to tcp://a:1: dial tcp: refused by a; connect to tcp://c:1: dial tcp: refused by c" {
		t.Errorf("error is %v", err)
	}
	if _, err := h.dial(t, "tcp://a:1,,tcp://c:1"); err == nil {
		t.Error("an empty address is accepted")
	}
}

func TestABadTokenEndsDialWhateverTheAddress(t *testing.T) {
	refuse := serve(t, "pipe", func(p *peer) {
		p.hello()
		p.send(farewell(wire.GoodbyeBadToken, "expired"))
	})
	h := &hosts{up: map[string]*fake{"a": refuse, "b": server(t, "b", nil)}}
	_, err := h.dial(t, "tcp://a:1,tcp://b:1")
	if bye, ok := errors.AsType[*client.GoodbyeError](err); !ok || bye.Code != wire.GoodbyeBadToken {
		t.Errorf("error is %v", err)
	}
}

func TestTheNextAddressIsTriedAtOnceWhenANodeDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := make(chan struct{})
		h := &hosts{up: map[string]*fake{"a": server(t, "a", cut), "b": server(t, "b", nil), "c": server(t, "c", nil)}}
		c, err := h.dial(t, "tcp://a:1,tcp://b:1,tcp://c:1", client.WithBackoff(time.Minute, time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		died := time.Now()
		close(cut)
		synctest.Wait()
		asked, at := h.attempts()
		if len(asked) != 2 || asked[1] == "a" || !at[1].Equal(died) || c.State() != client.StateConnected || c.URL() != "tcp://"+asked[1]+":1" {
			t.Errorf("attempts at %q after %v, %s", asked, at[len(at)-1].Sub(died), c.URL())
		}
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil {
			t.Error(err)
		}
		_ = c.Close()
	})
}

func TestClientsOfADeadNodeSpreadOverTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := make(chan struct{})
		h := &hosts{up: map[string]*fake{"a": server(t, "a", cut), "b": server(t, "b", nil), "c": server(t, "c", nil)}}
		var all []*client.Client
		for range 40 {
			c, err := h.dial(t, "tcp://a:1,tcp://b:1,tcp://c:1")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, c)
		}
		close(cut)
		synctest.Wait()
		count := map[string]int{}
		for _, c := range all {
			count[c.Node()]++
			_ = c.Close()
		}
		if count["a"] != 0 || count["b"] == 0 || count["c"] == 0 {
			t.Errorf("clients are on %v", count)
		}
	})
}

func TestPausesComeOnlyWhenEveryAddressIsBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := make(chan struct{})
		h := &hosts{up: map[string]*fake{"a": server(t, "a", cut)}}
		c, err := h.dial(t, "tcp://a:1,tcp://b:1", client.WithBackoff(time.Second, time.Second))
		if err != nil {
			t.Fatal(err)
		}
		h.set("a", nil)
		died := time.Now()
		close(cut)
		time.Sleep(3 * time.Second)
		asked, at := h.attempts()
		if len(asked) < 4 || asked[1] != "b" || !at[1].Equal(died) || asked[2] != "a" || asked[3] != "b" {
			t.Fatalf("attempts at %q", asked)
		}
		if pause := at[2].Sub(died); pause < time.Second/2 || pause > time.Second || !at[3].Equal(at[2]) {
			t.Errorf("pause is %v", pause)
		}
		h.set("b", server(t, "b", nil))
		time.Sleep(time.Second)
		synctest.Wait()
		if c.Node() != "b" || c.State() != client.StateConnected {
			t.Errorf("on %s, %v", c.Node(), c.State())
		}
		_ = c.Close()
	})
}

func TestAStoppingNodeIsLeftWhenItSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stopping := serve(t, "pipe", func(p *peer) {
			p.login()
			p.send(farewell(wire.GoodbyeStopping, string(wire.AppendReconnect(nil, 3*time.Second))))
			p.drain()
		})
		h := &hosts{up: map[string]*fake{"a": stopping, "b": server(t, "b", nil)}}
		start := time.Now()
		c, err := h.dial(t, "tcp://a:1,tcp://b:1")
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		asked, at := h.attempts()
		if len(asked) != 2 || asked[1] != "b" || at[1].Sub(start) != 3*time.Second || c.Node() != "b" {
			t.Errorf("attempts at %q, the last after %v", asked, at[len(at)-1].Sub(start))
		}
		_ = c.Close()
	})
}

func TestWhatWasNotSentSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cut := make(chan struct{})
		h := &hosts{up: map[string]*fake{"a": server(t, "a", cut)}}
		c, err := h.dial(t, "tcp://a:1", client.WithBackoff(time.Minute, time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		unknown := make(chan error, 1)
		go func() { unknown <- send(c, t.Context(), "bob", []byte("x")) }()
		synctest.Wait()
		close(cut)
		if err := <-unknown; !errors.Is(err, client.ErrConnectionLost) || errors.Is(err, client.ErrNotConnected) {
			t.Errorf("under way: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err = send(c, ctx, "bob", []byte("x"))
		if !errors.Is(err, client.ErrNotConnected) || !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrConnectionLost) {
			t.Errorf("while reconnecting: %v", err)
		}
		_ = c.Close()
		if err := send(c, t.Context(), "bob", []byte("x")); !errors.Is(err, client.ErrNotConnected) || !errors.Is(err, client.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestAfterTheEndNothingIsSent(t *testing.T) {
	f := serve(t, "tcp", func(p *peer) { p.login() })
	c := f.dial(client.WithoutReconnect())
	receive(t, "Done", c.Done())
	if err := send(c, t.Context(), "bob", []byte("x")); !errors.Is(err, client.ErrNotConnected) || errors.Is(err, client.ErrConnectionLost) {
		t.Errorf("error is %v", err)
	}
}

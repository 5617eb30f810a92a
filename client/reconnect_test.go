package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestAClientComesBackAfterALostConnection(t *testing.T) {
	for _, how := range transports {
		f := serve(t, how, func(p *peer) {
			p.login(func(w *wire.Welcome) { w.Node = fmt.Sprint("n", p.n) })
			if p.n == 0 {
				_, _ = p.next(wire.KindRequest)

				return // in the middle of a request
			}
			p.send(message("bob", "welcome back"))
			p.obey()
		})
		states, told := make(chan client.State, 10), make(chan string, 1)
		c := f.dial(
			client.WithBackoff(time.Millisecond, 10*time.Millisecond),
			client.OnState(func(s client.State) { states <- s }),
			client.OnMessage(func(m client.Message) { told <- string(m.Body) }),
		)
		if err := send(c, t.Context(), "bob", []byte("x")); !errors.Is(err, client.ErrConnectionLost) {
			t.Errorf("%s: error is %v", how, err)
		}
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil || c.Node() != "n1" {
			t.Errorf("%s: error is %v on node %s", how, err, c.Node())
		}
		if got := receive(t, "message", told); got != "welcome back" {
			t.Errorf("%s: told %s", how, got)
		}
		for _, want := range []client.State{client.StateConnected, client.StateReconnecting, client.StateConnected} {
			if got := receive(t, "state", states); got != want {
				t.Errorf("%s: state is %v, want %v", how, got, want)
			}
		}
	}
}

// outage is a network that refuses all connections but the first, and notes when it was asked.
type outage struct {
	asked  []time.Time
	revive int // from this attempt on the network works again; 0 never
	f      *fake
}

func (o *outage) dialer() client.Option {
	return client.WithDialer(func(context.Context, string, string) (net.Conn, error) {
		o.asked = append(o.asked, time.Now())
		if n := len(o.asked); n > 1 && (o.revive == 0 || n < o.revive) {
			return nil, errors.New("network is down")
		}
		ours, theirs := net.Pipe()
		o.f.stream(ours)

		return theirs, nil
	})
}

func TestPausesBetweenAttemptsGrowWithJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			p.login()
			<-time.After(time.Minute)
		})
		o := &outage{f: f}
		var lost time.Time
		c := f.dial(o.dialer(), client.WithBackoff(time.Second, 8*time.Second), client.OnState(func(s client.State) {
			if s == client.StateReconnecting {
				lost = time.Now()
			}
		}))
		time.Sleep(3 * time.Minute)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		before, jittered := lost, false
		for i, at := range o.asked[1:] {
			most := min(8*time.Second, time.Second<<i)
			pause := at.Sub(before)
			if pause < most/2 || pause > most {
				t.Errorf("pause %d is %v, want %v to %v", i, pause, most/2, most)
			}
			jittered = jittered || pause != most/2 && pause != most
			before = at
		}
		if n := len(o.asked); n < 15 || !jittered {
			t.Errorf("%d attempts, jittered: %v", n, jittered)
		}
	})
}

func TestPausesStartAnewAfterAConnectionThatLasted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lost, back []time.Time
		f := serve(t, "pipe", func(p *peer) {
			back = append(back, time.Now())
			p.login()
			if p.n == 5 {
				<-time.After(20 * time.Second)
			}
			lost = append(lost, time.Now())
		})
		c := f.dial(client.WithBackoff(time.Second, 16*time.Second))
		time.Sleep(2 * time.Minute)
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		for i, seconds := range []int{1, 2, 4, 8, 16, 1, 2} {
			most := time.Duration(seconds) * time.Second
			if pause := back[i+1].Sub(lost[i]); pause < most/2 || pause > most {
				t.Errorf("pause %d is %v, want up to %v", i, pause, most)
			}
		}
	})
}

func TestATokenIsAskedForAtEachLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tokens := make(chan string, 10)
		f := serve(t, "pipe", func(p *peer) {
			tokens <- p.hello().Token
			p.send(wire.Frame{Kind: wire.KindWelcome, Payload: defaultWelcome.Append(nil)})
			if p.n == 2 {
				p.obey()
			}
		})
		asked := 0
		c := f.dial(client.WithTokenSource(func(context.Context) (string, error) {
			asked++
			if asked == 2 {
				return "", errors.New("identity service is down") // counts as an attempt
			}

			return fmt.Sprint("token ", asked), nil
		}))
		for _, want := range []string{"token 1", "token 3", "token 4"} {
			if got := receive(t, "login", tokens); got != want {
				t.Errorf("token is %q, want %q", got, want)
			}
		}
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil {
			t.Error(err)
		}
	})
}

func TestATokenThatExpiredMeanwhileEndsTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			if p.n == 0 {
				p.login()

				return
			}
			p.hello()
			p.send(farewell(wire.GoodbyeBadToken, "The token has expired"))
		})
		c := f.dial()
		<-c.Done()
		if bye, ok := errors.AsType[*client.GoodbyeError](c.Err()); !ok || bye.Code != wire.GoodbyeBadToken || f.logins() != 2 {
			t.Errorf("error is %v after %d logins", c.Err(), f.logins())
		}
	})
}

func TestRequestsWaitWhileTheClientReconnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			p.login()
			if p.n > 0 {
				p.obey()
			}
		})
		o := &outage{f: f, revive: 10}
		c := f.dial(o.dialer(), client.WithBackoff(time.Minute, time.Minute))
		synctest.Wait() // the connection is lost
		if c.State() != client.StateReconnecting {
			t.Fatalf("state is %v", c.State())
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := send(c, ctx, "bob", []byte("x")); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("error is %v after %v", err, time.Since(start))
		}
		if err := c.Post(2, 10, nil); !errors.Is(err, client.ErrNotConnected) {
			t.Errorf("error is %v", err)
		}
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil || time.Since(start) < 4*time.Minute {
			t.Errorf("error is %v after %v", err, time.Since(start))
		}
	})
}

func TestWithoutReconnectALostConnectionIsTheEnd(t *testing.T) {
	for name, script := range map[string]func(p *peer){
		"break":   func(p *peer) { p.login() },
		"goodbye": func(p *peer) { p.login(); p.send(farewell(wire.GoodbyeStopping, "")) },
	} {
		f := serve(t, "tcp", script)
		c := f.dial(client.WithoutReconnect())
		receive(t, "Done", c.Done())
		bye, said := errors.AsType[*client.GoodbyeError](c.Err())
		switch name {
		case "break":
			if !errors.Is(c.Err(), client.ErrConnectionLost) {
				t.Errorf("error is %v", c.Err())
			}
		case "goodbye":
			if !said || bye.Code != wire.GoodbyeStopping {
				t.Errorf("error is %v", c.Err())
			}
		}
		if f.logins() != 1 {
			t.Errorf("%s: %d logins", name, f.logins())
		}
	}
}

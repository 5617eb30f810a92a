package client_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

func TestAClientPingsAfterAHeartbeatOfSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var pings []time.Duration
		f := serve(t, "pipe", func(p *peer) {
			p.login(heartbeat(10 * time.Second))
			for {
				r, err := p.read()
				if err != nil {
					return
				}
				switch r.Kind {
				case wire.KindPing:
					pings = append(pings, time.Since(start))
					p.send(wire.Frame{Kind: wire.KindPong, ID: r.ID})
				case wire.KindRequest:
					p.ok(r)
				}
			}
		})
		c := f.dial()
		time.Sleep(35 * time.Second) // pings at 10, 20, 30
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil {
			t.Error(err)
		}
		time.Sleep(17 * time.Second) // put off to 45
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		want := []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second, 45 * time.Second}
		if len(pings) != len(want) {
			t.Fatalf("pings at %v", pings)
		}
		for i := range want {
			if pings[i] != want[i] {
				t.Errorf("pings at %v", pings)
			}
		}
		if f.logins() != 1 {
			t.Errorf("%d logins", f.logins())
		}
	})
}

func TestAClientThatOnlyPostsPingsAServerThatSaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			p.login(heartbeat(10 * time.Second))
			p.obey()
		})
		c := f.dial()
		for range 60 {
			time.Sleep(time.Second)
			if err := c.Post(2, 10, nil); err != nil {
				t.Fatal(err)
			}
		}
		if f.logins() != 1 {
			t.Errorf("%d logins", f.logins())
		}
	})
}

func TestAPingIsAnswered(t *testing.T) {
	for _, how := range transports {
		pongs := make(chan wire.Frame, 1)
		f := serve(t, how, func(p *peer) {
			p.login()
			p.send(wire.Frame{Kind: wire.KindPing, ID: 4_000_000_000})
			pong, _ := p.next(wire.KindPong)
			pongs <- pong
			p.obey()
		})
		f.dial()
		if pong := receive(t, "pong", pongs); pong.ID != 4_000_000_000 || len(pong.Payload) != 0 {
			t.Errorf("%s: pong is %+v", how, pong)
		}
	}
}

func TestASilentServerIsGivenUpAfterTwoHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		byes := make(chan wire.Frame, 1)
		f := serve(t, "pipe", func(p *peer) {
			p.login(heartbeat(10 * time.Second))
			if p.n > 0 {
				p.obey()

				return
			}
			for {
				r, err := p.read()
				if err != nil {
					return
				}
				if r.Kind == wire.KindGoodbye {
					byes <- r
				}
			}
		})
		start := time.Now()
		c := f.dial()
		err := send(c, t.Context(), "bob", []byte("x"))
		if !errors.Is(err, client.ErrSilent) || !errors.Is(err, client.ErrConnectionLost) {
			t.Errorf("error is %v", err)
		}
		if took := time.Since(start); took < 20*time.Second || took > 21*time.Second {
			t.Errorf("given up after %v", took)
		}
		if bye := receive(t, "goodbye", byes); wire.Goodbye(bye.Cmd) != wire.GoodbyeHeartbeat {
			t.Errorf("goodbye is %+v", bye)
		}
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil || f.logins() != 2 {
			t.Errorf("error is %v after %d logins", err, f.logins())
		}
	})
}

func TestAServerThatTalksButDoesNotReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			p.login(heartbeat(10 * time.Second))
			if p.n > 0 {
				p.obey()

				return
			}
			for p.write(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing})) == nil {
				time.Sleep(time.Second)
			}
		})
		start := time.Now()
		c := f.dial()
		if err := send(c, t.Context(), "bob", []byte("x")); !errors.Is(err, client.ErrSilent) {
			t.Errorf("error is %v", err)
		}
		if took := time.Since(start); took < 20*time.Second || took > 30*time.Second {
			t.Errorf("given up after %v", took)
		}
	})
}

func TestSlowCallbacksDoNotMakeAServerSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := serve(t, "pipe", func(p *peer) {
			p.login(heartbeat(10 * time.Second))
			pushed := make(chan struct{})
			go func() {
				defer close(pushed)
				for range 10 {
					p.send(message("bob", "x"))
				}
			}()
			for { // it reads all the while, and answers when it has written
				r, err := p.read()
				if err != nil {
					return
				}
				if r.Kind == wire.KindRequest {
					<-pushed
					p.ok(r)
				}
			}
		})
		stuck := make(chan struct{})
		c := f.dial(client.WithBacklog(250), client.OnMessage(func(client.Message) { <-stuck }))
		time.Sleep(2 * time.Minute)
		if c.State() != client.StateConnected || f.logins() != 1 {
			t.Errorf("%v after %d logins", c.State(), f.logins())
		}
		close(stuck)
		if err := send(c, t.Context(), "bob", []byte("x")); err != nil {
			t.Error(err)
		}
	})
}

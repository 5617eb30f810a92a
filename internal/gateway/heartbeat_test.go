package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestTheLatencyIsThatOfTheLatestAnsweredPing(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: beat}, nil, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		u := n.user(t, "alice")
		for _, pause := range []time.Duration{0, 70 * time.Millisecond, 2 * time.Second} {
			ping := c.want(wire.KindPing)
			before := u.GetLatency()
			time.Sleep(pause)
			if got := u.GetLatency(); got != before {
				t.Errorf("before the answer: %d ms", got)
			}
			c.send(wire.Frame{Kind: wire.KindPong, ID: ping.ID})
			synctest.Wait()
			if got := u.GetLatency(); got != max(1, pause.Milliseconds()) {
				t.Errorf("%d ms, the answer came after %v", got, pause)
			}
			c.send(wire.Frame{Kind: wire.KindPong, ID: ping.ID}) // answers nothing
		}
	})
}

func TestASilentClientIsPingedAndThenClosed(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: beat}, nil, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		begin := time.Now()
		c.want(wire.KindPing)
		if d := time.Since(begin); d < beat || d > beat*3/2 {
			t.Errorf("the first ping came after %v", d)
		}
		pings := 1
		for f := range c.frames {
			if f.Kind == wire.KindPing {
				pings++

				continue
			}
			if d := time.Since(begin); f.Kind != wire.KindGoodbye || f.Cmd != 1002 || d < 2*beat || d > 2*beat+beat/4 {
				t.Errorf("%v %d after %v", f.Kind, f.Cmd, d)
			}

			break
		}
		if pings > 3 {
			t.Errorf("%d pings", pings)
		}
		n.wantLeft(t, "alice", user.Left)
		<-c.closed
	})
}

func TestAClientThatAnswersPingsLivesForEver(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: beat}, nil, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		pings := 0
		for begin := time.Now(); time.Since(begin) < time.Hour; pings++ {
			c.send(wire.Frame{Kind: wire.KindPong, ID: c.want(wire.KindPing).ID})
		}
		if most := int(time.Hour / beat); pings > most || pings < most*2/3 {
			t.Errorf("%d pings in an hour", pings)
		}
		if n.gw.Sessions() != 1 {
			t.Error("gone")
		}
	})
}

func TestAClientThatPingsEveryHeartbeatLivesAndIsHardlyPinged(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: beat}, nil, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		for range 200 {
			time.Sleep(beat) // virtual
			c.send(wire.Frame{Kind: wire.KindPing, ID: 7})
		}
		synctest.Wait()
		pongs, pings := 0, 0
		for len(c.frames) > 0 {
			switch f := <-c.frames; f.Kind {
			case wire.KindPong:
				pongs++
			case wire.KindPing:
				pings++
			default:
				t.Fatalf("%v", f.Kind)
			}
		}
		if pongs != 200 || pings > 2 {
			t.Errorf("%d pongs, %d pings", pongs, pings)
		}
	})
}

func TestAClientThatOnlyReceivesMustAnswerPings(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: beat}, nil, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		u := n.user(t, "alice")
		begin := time.Now()
		for !u.Closed() { // the server always has something to say
			u.ServerPush(2, 2, []byte("x"), true)
			time.Sleep(time.Second) // virtual
		}
		if d := time.Since(begin); d < 2*beat || d > 3*beat {
			t.Errorf("taken for dead after %v", d)
		}
		asked := false
		for len(c.frames) > 0 {
			asked = (<-c.frames).Kind == wire.KindPing || asked
		}
		if !asked {
			t.Error("was not pinged")
		}
	})
}

func TestAClientIsNotSilentWhileItsHandlerRuns(t *testing.T) {
	slow := func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) {
		time.Sleep(10 * beat) // virtual
		next(nil)
	}
	inVirtualTime(t, Config{Heartbeat: beat}, func(n *node) { n.router.Handle(2, 3, slow) }, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		c.send(request(0, 3, ""))
		time.Sleep(10*beat + beat/2) // virtual
		c.send(request(4, 1, "still here"))
		for f := range c.frames {
			if f.Kind == wire.KindResponse {
				break
			}
			if f.Kind != wire.KindPing {
				t.Fatalf("%v %d %q", f.Kind, f.Cmd, f.Payload)
			}
		}
	})
}

func TestAConnectionWithoutAHelloIsClosedAfterFiveSeconds(t *testing.T) {
	inVirtualTime(t, Config{}, nil, func(t *scene, n *node) {
		begin := time.Now()
		silent, slow := n.pipe(t), n.pipe(t)
		hi := wire.AppendFrame(nil, helloFrame("alice"))
		for _, b := range hi[:4] { // one byte a second is no excuse
			if _, err := slow.conn.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // virtual
		}
		for _, c := range []*piped{silent, slow} {
			<-c.closed
			if d := time.Since(begin); d < 5*time.Second || d > 8*time.Second || len(c.frames) > 0 {
				t.Errorf("closed after %v, %d frames", d, len(c.frames))
			}
		}
		if s := n.gw.Stats(); s.Ended[CauseNoHello] != 2 || s.Pending != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestALoginThatIsBeingAdmittedIsNotSilent(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: time.Second}, func(n *node) {
		n.admit = func(context.Context, *user.User) error { time.Sleep(9 * time.Second); return nil } // virtual
	}, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		c.send(request(3, 1, "x"))
		c.want(wire.KindResponse)
	})
}

func TestAnAdmissionEndsAfterTenSeconds(t *testing.T) {
	inVirtualTime(t, Config{}, func(n *node) {
		n.admit = func(ctx context.Context, _ *user.User) error { <-ctx.Done(); return ctx.Err() }
	}, func(t *scene, n *node) {
		begin := time.Now()
		c := n.pipe(t)
		c.send(helloFrame("alice"))
		f := c.want(wire.KindGoodbye)
		if _, ok := wire.ParseReconnect(f.Payload); f.Cmd != 1001 || !ok || time.Since(begin) != 10*time.Second {
			t.Fatalf("%+v after %v", f, time.Since(begin))
		}
	})
}

func TestAClientThatStopsReadingIsCutAfterTwoHeartbeats(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: beat}, nil, func(t *scene, n *node) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		n.gw.startConn(theirs, overTCP)
		if _, err := ours.Write(wire.AppendFrame(nil, helloFrame("alice"))); err != nil {
			t.Fatal(err)
		}
		if _, err := wire.NewReader(io.LimitReader(ours, 4096), 4096).Next(); err != nil {
			t.Fatal(err)
		}
		var log []int
		first := &outcome{log: &log}
		begin := time.Now()
		if err := sessions.Of(n.user(t, "alice")).Push(2, 2, []byte("never read"), true, first); err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		go func() { // it does send heartbeats, so it is not silent
			defer close(stop)
			for {
				if _, err := ours.Write(wire.AppendFrame(nil, wire.Frame{Kind: wire.KindPing})); err != nil {
					return
				}
				time.Sleep(beat) // virtual
			}
		}()
		n.wantLeft(t, "alice", user.Left)
		if d := time.Since(begin); d < 2*beat || d > 2*beat+3*time.Second {
			t.Errorf("after %v", d)
		}
		<-stop
		synctest.Wait()
		if len(first.err) != 1 || !errors.Is(first.err[0], sessions.ErrClosed) || n.gw.Stats().Ended[CauseSlow] != 1 {
			t.Errorf("told %v, %v", first.err, n.gw.Stats().Ended)
		}
	})
}

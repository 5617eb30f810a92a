package gateway

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestTheHelloTimeoutStandsStillDuringAPause(t *testing.T) {
	inVirtualTime(t, Config{}, nil, func(t *scene, n *node) {
		early, late, silent := n.pipe(t), n.pipe(t), n.pipe(t)
		time.Sleep(time.Second)
		n.gw.PauseClients()
		time.Sleep(3 * time.Second)
		early.send(helloFrame("early"))
		time.Sleep(6 * time.Second) // longer than a hello may take, shorter than a login
		n.gw.ResumeClients()
		released := time.Now()
		early.want(wire.KindWelcome)
		time.Sleep(4 * time.Second)
		late.login("late")
		<-silent.closed
		if d := time.Since(released); d != defaultHelloTimeout+lingerTimeout {
			t.Errorf("a connection without a hello was closed %v after Release", d)
		}
	})
}

func TestALoginWaitsForResumeAtMostTheAdmitTimeout(t *testing.T) {
	inVirtualTime(t, Config{}, nil, func(t *scene, n *node) {
		n.gw.PauseClients()
		c := n.pipe(t)
		c.send(helloFrame("alice"))
		begin := time.Now()
		f := c.want(wire.KindGoodbye)
		if after, ok := wire.ParseReconnect(f.Payload); wire.Goodbye(f.Cmd) != wire.GoodbyeStopping || !ok || after >= reconnectSpread {
			t.Errorf("goodbye %d %q", f.Cmd, f.Payload)
		}
		if d := time.Since(begin); d != admitTimeout {
			t.Errorf("after %v", d)
		}
	})
}

func TestNoClientIsClosedForSilenceDuringAPause(t *testing.T) {
	inVirtualTime(t, Config{Heartbeat: beat}, nil, func(t *scene, n *node) {
		c := n.pipe(t)
		c.login("alice")
		n.gw.PauseClients()
		time.Sleep(5 * beat)
		synctest.Wait()
		pings := len(c.frames)
		if n.gw.Sessions() != 1 || pings < 3 {
			t.Errorf("%d sessions, %d pings", n.gw.Sessions(), pings)
		}
		n.gw.ResumeClients()
		released := time.Now()
		for f := range c.frames {
			if f.Kind == wire.KindGoodbye {
				break
			}
		}
		if d := time.Since(released); d < 2*beat || d > 2*beat+beat/4 {
			t.Errorf("the silent client was sent away %v after Release", d)
		}
		n.wantLeft(t, "alice", user.Left)
	})
}

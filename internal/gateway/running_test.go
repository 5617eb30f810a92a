package gateway

import (
	"sync/atomic"
	"testing"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/wire"
)

func TestAProcessThatWasStoppedHandlesNothingUntilResume(t *testing.T) {
	var stopped atomic.Bool
	overAll(t, Config{Running: func() bool { return !stopped.Load() }}, func(t *scene, n *node, dial func(testing.TB) *client) {
		stopped.Store(false)
		c, late := dial(t), dial(t)
		c.login("alice")
		before := n.handled.Load()
		stopped.Store(true)
		c.send(ask(1))
		c.send(ask(2))
		late.send(helloFrame("bob"))
		n.waitPaused(t)
		stopped.Store(false) // the cluster knows of the gap; it has not been asked yet
		c.send(ask(3))
		if got := n.handled.Load(); got != before || n.users.Count() != 1 {
			t.Errorf("%d requests were handled, %d users are there", got-before, n.users.Count())
		}
		n.gw.ResumeClients()
		for i := range 3 {
			c.wantEcho(uint32(i+1), number(i+1))
		}
		late.welcome("bob")
	})
}

func TestRunningIsAskedOnceForEachRead(t *testing.T) {
	var asked atomic.Int64
	n := newNode(t, Config{Running: func() bool { asked.Add(1); return true }})
	n.router.Builtin(1, 1, func(req command.Request) { req.Answer(wire.StatusOK, req.Payload) })
	n.listen(t)
	c := n.dialTCP(t)
	c.login("alice")
	const frames = 100
	var all []byte
	for i := range frames {
		f := ask(2 * (i + 1))
		f.ID = uint32(i + 1)
		all = wire.AppendFrame(all, f)
	}
	before := asked.Load()
	if _, err := c.io.(*tcpBodies).conn.Write(all); err != nil {
		t.Fatal(err)
	}
	for i := range frames {
		c.wantEcho(uint32(i+1), number(2*(i+1)))
	}
	if got := asked.Load() - before; got < 1 || got > 5 { // the system may have made several reads of it
		t.Errorf("it was asked %d times for %d frames in one write", got, frames)
	}
}

func TestAnAnswerOfRunningOlderThanResumePausesNoClient(t *testing.T) {
	g := &Gateway{}
	asked := 0
	g.cfg.Running = func() bool {
		asked++
		if asked == 1 { // between the clock's reading and the return the cluster has been asked
			g.ResumeClients()

			return false
		}

		return true
	}
	if g.clientsPaused() || asked != 2 {
		t.Errorf("clients are paused, after %d answers", asked)
	}
	g.cfg.Running = func() bool { return false }
	if !g.clientsPaused() || !g.clientPause.active.Load() {
		t.Error("clients are not paused")
	}
}

package gateway

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// blocked is a node with a handler that runs until finish is called.
func blocked(t *testing.T) (n *node, running chan struct{}, finish func()) {
	t.Helper()
	n = newNode(t, Config{})
	running = make(chan struct{})
	release := make(chan struct{})
	finish = sync.OnceFunc(func() { close(release) })
	t.Cleanup(finish)
	n.router.Handle(2, 1, echo)
	n.router.Handle(2, 3, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) {
		running <- struct{}{}
		<-release
		next(nil)
	})

	return n.listen(t), running, finish
}

func TestABlockedHandlerDelaysNeitherTheGoodbyeNorLeave(t *testing.T) {
	n, running, finish := blocked(t)
	c := n.dialTCP(t)
	c.login("alice")
	c.send(request(1, 3, ""))
	<-running
	c.send(request(2, 3, "")) // must not be dispatched any more
	sessions.Of(n.user(t, "alice")).Close(2002, "newer login")
	c.wantGoodbye(wire.GoodbyeReplaced)
	n.wantLeft(t, "alice", user.Replaced)
	finish()
	if err := n.gw.Close(); err != nil { // all goroutines have ended: a second handler would block on running
		t.Fatal(err)
	}
}

func TestAHandlerThatEndsSoonIsWaitedForBeforeLeave(t *testing.T) {
	n, running, finish := blocked(t)
	c := n.dialTCP(t)
	c.login("alice")
	c.send(request(1, 3, ""))
	<-running
	n.user(t, "alice").Disconnect()
	c.wantGoodbye(wire.GoodbyeRemoved)
	if len(n.gone) > 0 {
		t.Error("has left while its handler ran")
	}
	finish()
	n.wantLeft(t, "alice", user.Removed)
}

func TestALossDuringAHandlerIsNoticedWhenTheHandlerReturns(t *testing.T) {
	n, running, finish := blocked(t)
	c := n.dialTCP(t)
	c.login("alice")
	c.send(request(1, 3, ""))
	<-running
	c.io.close()
	finish()
	n.wantLeft(t, "alice", user.Left)
}

func TestCloseGivesUpOnAHandlerThatNeverEnds(t *testing.T) {
	n, running, finish := blocked(t)
	c := n.dialTCP(t)
	c.login("alice")
	c.send(request(1, 3, ""))
	<-running
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.gw.handlerTimeout = 10 * time.Millisecond
	if err := n.gw.Drain(ctx); !errors.Is(err, ErrStuck) {
		t.Errorf("Drain: %v", err)
	}
	n.wantLeft(t, "alice", user.Stopping)
	finish()
	n.gw.handlerTimeout = handlerTimeout
}

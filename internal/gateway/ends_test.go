package gateway

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestSessionsMayEndAtAnyMomentOfPauses(t *testing.T) {
	var stopped atomic.Bool
	overAll(t, Config{Running: func() bool { return !stopped.Load() }}, func(t *scene, n *node, dial func(testing.TB) *client) {
		const clients, sessions = 8, 40
		end := pauseAtRandom(n, &stopped, 500*time.Microsecond)
		var all sync.WaitGroup
		for i := range clients {
			all.Go(func() {
				for k := range sessions {
					id := "user" + number(i*sessions+k)
					c := dial(t)
					c.login(id)
					u := n.user(t, id)
					for r := range rand.IntN(4) {
						c.send(ask(r + 1))
						c.wantEcho(uint32(r+1), number(r+1))
					}
					endAtAnyMoment(c, u)
				}
			})
		}
		all.Wait()
		testkit.Eventually(t, "all sessions have ended", func() bool { return len(n.gw.wheel.all()) == 0 })
		end()
	})
}

// endAtAnyMoment ends a session from both sides, while the client may still be writing.
func endAtAnyMoment(c *client, u *user.User) {
	var both sync.WaitGroup
	how := rand.IntN(4)
	if how != 0 {
		both.Go(u.Disconnect)
	}
	if how != 1 {
		both.Go(func() {
			for k := range rand.IntN(3) {
				_ = c.io.send(wire.AppendBody(nil, ask(100+k)))
			}
			if how == 2 {
				_ = c.io.send(wire.AppendBody(nil, wire.Frame{Kind: wire.KindGoodbye}))
			}
			c.io.close()
		})
	}
	both.Wait()
	c.io.close()
}

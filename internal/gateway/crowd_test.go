package gateway

import (
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/wire"
)

func TestTwoThousandClientsLogInAtOnce(t *testing.T) {
	overBoth(t, Config{HelloTimeout: time.Minute}, func(t *scene, n *node, dial func(testing.TB) *client) {
		const count = 2000
		clients := make([]*client, count)
		gate := make(chan struct{}, 200) // so many dial at once: the listener's backlog is the system's
		var logins sync.WaitGroup
		for i := range clients {
			logins.Go(func() {
				gate <- struct{}{}
				clients[i] = dial(t)
				<-gate
				clients[i].login("user " + number(i))
				clients[i].send(request(1, 1, number(i)))
				clients[i].wantEcho(1, number(i))
			})
		}
		logins.Wait()
		if n.gw.Sessions() != count || n.users.Count() != count {
			t.Fatalf("%d sessions, %d users", n.gw.Sessions(), n.users.Count())
		}
		for _, c := range clients {
			c.send(wire.Frame{Kind: wire.KindGoodbye})
		}
		for range count {
			<-n.gone
		}
		testkit.Eventually(t, "no session is left", func() bool { return n.gw.Sessions() == 0 && n.users.Count() == 0 })
	})
}

package gateway

import (
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/wire"
)

// bare waits until the only session is bare and its reader has nothing to do.
func (n *node) bare(tb testing.TB) *session {
	tb.Helper()
	all := n.gw.wheel.all()
	if len(all) != 1 {
		tb.Fatalf("%d sessions", len(all))
	}
	eventually(tb, func() bool { return all[0].bare.Held() && all[0].reader.Load() == readerFree })

	return all[0]
}

func TestAReaderThatIsToldOfAnEndWhichHasNotComeRestsAgain(t *testing.T) {
	n := start(t, Config{})
	c := n.dialTCP(t)
	c.login("alice")
	s := n.bare(t)
	s.Wake(true)
	deadline := time.Now().Add(10 * time.Second)
	for s.reader.Load() != readerFree {
		if time.Now().After(deadline) {
			t.Fatal("it reads and reads")
		}
		time.Sleep(time.Millisecond)
	}
	c.wantAlive()
}

func TestCommandsThatBlockKeepTheOthersOfTheLoopForAMomentOnly(t *testing.T) {
	n := newNode(t, Config{})
	n.router.Handle(2, 1, echo)
	let := make(chan struct{})
	n.router.Builtin(1, 701, func(command.Request) { <-let })
	n.listen(t)
	const stuck = 200
	clients := make([]*client, stuck)
	for i := range clients {
		clients[i] = n.dialTCP(t)
		clients[i].login(number(i))
	}
	other := n.dialTCP(t)
	other.login("other")
	for _, c := range clients {
		c.send(wire.Frame{Kind: wire.KindRequest, Ver: 1, Cmd: 701, ID: 1})
	}
	begin := time.Now()
	other.send(wire.Frame{Kind: wire.KindPing, ID: 1})
	other.next()
	took := time.Since(begin)
	close(let)
	if took > time.Second { // if each kept one of two loops, it would be twice that
		t.Errorf("a pong took %v", took)
	}
}

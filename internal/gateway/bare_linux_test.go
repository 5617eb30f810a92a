package gateway

import (
	"testing"
	"time"
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

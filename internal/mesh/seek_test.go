package mesh

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
)

// stillNode is heard once, and holds users: a machine that has vanished a moment later, which NATS does not know yet.
func stillNode(t *testing.T, url, name string, users ...string) *nats.Conn {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	self := NodeID{Name: name, Incarnation: newIncarnation()}
	nothing := func(*nats.Msg) {}
	if _, err = conn.Subscribe(nodeSubject(self.Incarnation), nothing); err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		_, subject := cells{}.place(u)
		if _, err = conn.QueueSubscribe(subject, holdersGroup, nothing); err != nil {
			t.Fatal(err)
		}
	}
	var clock Clock
	if err = conn.Publish(subjectAll, appendHeader(nil, kindBeat, 0, clock.Now(), self)); err != nil {
		t.Fatal(err)
	}
	if err = conn.Flush(); err != nil {
		t.Fatal(err)
	}

	return conn
}

func TestANodeThatIsDownGetsNoFindsThoughNATSWouldStillGiveThemToIt(t *testing.T) {
	s := startServer(t, -1)
	t.Cleanup(func() { stopServer(s) })
	w := secretWorld{url: s.ClientURL(), secret: testSecret}
	a, b := startNode(t, w, "a"), startNode(t, w, "b")
	a.awaitNode(t, "up b")
	still := stillNode(t, s.ClientURL(), "c", "bob", "carol")
	a.awaitNode(t, "up c")
	a.awaitNode(t, "down c")
	b.awaitNode(t, "down c")
	hold(t, b, "bob")
	hold(t, a, "alice")
	if _, err := b.Barrier(t.Context(), PortDM, nil); err != nil {
		t.Fatal(err)
	}
	const finds = 50
	for i := range uint64(finds) {
		find(t, a, "bob", fmt.Sprint(i), 3*i)
		find(t, a, "alice", fmt.Sprint(i), 3*i+1)
		find(t, a, "carol", fmt.Sprint(i), 3*i+2)
	}
	b.await(t, "all finds for bob", func() bool { return len(b.finds) == finds })
	a.await(t, "all finds for alice, and word that nobody holds carol", func() bool { return len(a.finds) == finds && len(a.nobody) == finds })
	if slices.ContainsFunc(a.nobody, func(token uint64) bool { return token%3 != 2 }) {
		t.Errorf("nobody holds the user of finds %v", a.nobody)
	}

	if !a.member().shadowed.Load() {
		t.Error("NATS seems not to give anything to c any more: this test tests nothing")
	}
	still.Close()
	for _, n := range []node{a, b} {
		awaitTrue(t, "NATS gives nothing to c any more", func() bool { return !n.member().shadowed.Load() })
	}
	find(t, a, "bob", "by NATS", 1000)
	b.await(t, "the find", func() bool { return b.finds[len(b.finds)-1] == "a bob by NATS" })
}

func TestFindsThatWaitForTheirHolderAreBounded(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		all, _ := startDoubters(t, w, "n1", "n2", "n3")
		n1, n2, n3 := all[0], all[1], all[2]
		net.Freeze(n3.memory())
		n1.await(t, "n3 is down", func() bool { return slices.Contains(n1.nodes, "down n3") })
		net.Freeze(n2.memory()) // nobody answers
		body := make([]byte, 64<<10)
		var err error
		n := 0
		for ; n < maxSought && err == nil; n++ {
			err = n1.Find(fmt.Sprint("user ", n), PortDirectory, body, uint64(n))
		}
		if !errors.Is(err, ErrOverloaded) || n*len(body) < maxSoughtBytes || n*len(body) > maxSoughtBytes+2*maxAsked*len(body) {
			t.Errorf("%d finds taken, then %v", n, err)
		}
		net.Thaw(n2.memory())
		net.Thaw(n3.memory())
		time.Sleep(5 * time.Second)
		s := &n1.memory().seeking
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.running || s.bytes != 0 || len(s.waiting) != 0 {
			t.Errorf("%d finds still wait", len(s.waiting))
		}
	})
}

// Between two NATS servers the way breaks and comes back, and with it the interest of a node that still stands still.
func TestANodeThatIsDownGetsNoFindsWhenItsInterestComesBack(t *testing.T) {
	inMemory(t, func(t *testing.T, net *Memory, w world) {
		t.Helper()
		all, _ := startDoubters(t, w, "n1", "n2", "n3")
		n1, n2, n3 := all[0], all[1], all[2]
		hold(t, n3, "bob")
		net.Freeze(n3.memory())
		n1.await(t, "n3 is down", func() bool { return slices.Contains(n1.nodes, "down n3") })
		hold(t, n2, "bob")
		net.Cut(n1.memory(), n3.memory())
		time.Sleep(time.Second)
		net.Heal(n1.memory(), n3.memory())
		time.Sleep(5 * time.Second)
		const finds = 100
		for i := range uint64(finds) {
			if err := n1.Find("bob", PortDirectory, []byte("x"), i); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if len(n2.finds) != finds {
			t.Errorf("%d of %d finds have arrived", len(n2.finds), finds)
		}
		net.Thaw(n3.memory())
		settle()
		if n := n3.memory().drops.malformed.Load(); n > 0 {
			t.Errorf("%d packets were malformed for a node that was asked whether anything gets there", n)
		}
	})
}

func TestAFindOfAUserOnANodeThatOnlyItsLinkReachesIsAnsweredBesideAShadow(t *testing.T) {
	s := startServer(t, -1)
	t.Cleanup(func() { stopServer(s) })
	a, b, finds := startLinked(t, s.ClientURL())
	stillNode(t, s.ClientURL(), "c")
	a.awaitNode(t, "down c")
	hold(t, b, "bob")
	b.member().eng.(*natsEngine).conn.Close()
	awaitAdrift(t, a, b)
	if err := a.Find("bob", PortDirectory, []byte("x"), 1); err != nil {
		t.Fatal(err)
	}
	awaitTrue(t, "the find is out of reach", func() bool { return finds.unreachable.Load() == 1 })
}

func TestWhoSeeksWhileTheMeshStopsIsNotForgotten(t *testing.T) {
	for range 300 {
		n := NewMemory(MemoryOptions{}).Node("a")
		n.Handle(PortDM, newRecorder())
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.shadowed.Store(true)
		var seekers sync.WaitGroup
		for range 2 {
			seekers.Go(func() {
				for n.Find("bob", PortDM, nil, 1) == nil {
					runtime.Gosched()
				}
			})
		}
		if err := n.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		seekers.Wait()
	}
}

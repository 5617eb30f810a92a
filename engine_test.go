package parley_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/wire"
)

// loss is a cluster that loses its engine, in one way or another, while its users write to each other.
type loss struct {
	*cluster

	lose, mend func()
	half       int // if positive, the engine falls in two: nodes from this one on are on the other side
}

// losses are the ways to lose an engine. A NATS server keeps nothing: one that starts anew is empty.
var losses = map[string]func(t *testing.T, w way) *loss{
	"external, restarted empty": func(t *testing.T, w way) *loss {
		t.Helper()
		s := startNATS(t, &server.Options{})
		b := newBreaker(t, s.Addr().String())
		u := "nats://" + b.addr()
		l := &loss{cluster: w.newClusterOn(t, u, u, u)}
		l.lose = func() {
			b.cut()
			stopNATS(s)
		}
		l.mend = func() { b.mendTo(startNATS(t, &server.Options{}).Addr().String()) }

		return l
	},
	"external, silent": func(t *testing.T, w way) *loss {
		t.Helper()
		b := newBreaker(t, startNATS(t, &server.Options{}).Addr().String())
		u := "nats://" + b.addr()

		return &loss{cluster: w.newClusterOn(t, u, u, u), lose: b.silence, mend: b.mend}
	},
	"external, split in two": func(t *testing.T, w way) *loss {
		t.Helper()
		one := startNATS(t, &server.Options{Cluster: natsCluster()})
		b := newBreaker(t, one.ClusterAddr().String())
		other := startNATS(t, &server.Options{Cluster: natsCluster(), Routes: []*url.URL{{Scheme: "nats-route", Host: b.addr()}}})
		c := w.newClusterOn(t, one.ClientURL(), one.ClientURL(), other.ClientURL(), other.ClientURL())

		return &loss{cluster: c, lose: b.cut, mend: b.mend, half: 2}
	},
	"embedded, split in two": func(t *testing.T, w way) *loss {
		t.Helper()
		l := &loss{cluster: &cluster{t: t, way: w}, half: 1}
		l.add(0, nil)
		b := newBreaker(t, l.nodes[0].ClusterAddr())
		l.lose, l.mend = b.cut, b.mend
		l.join = b.addr()
		l.add(1, nil)

		return l
	},
}

func natsCluster() server.ClusterOpts {
	return server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: server.RANDOM_PORT, PoolSize: -1}
}

// startNATS starts a NATS server that runs by itself.
func startNATS(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog, o.MaxPayload = "127.0.0.1", server.RANDOM_PORT, true, true, 1<<20
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { stopNATS(s) })
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}

	return s
}

func stopNATS(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// newClusterOn starts a node for each of these NATS servers.
func (w way) newClusterOn(t *testing.T, servers ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, way: w}
	for i, u := range servers {
		c.nats = u
		c.add(i, nil)
	}

	return c
}

func TestPromise10TheEngineIsLostAndAllWorksAgainWithoutARestart(t *testing.T) {
	for name, start := range losses {
		for _, links := range []string{"links on", "links off"} {
			t.Run(name+", "+links, func(t *testing.T) {
				w := ways[links]
				w.links, w.dm = newLinkWatch(), `{"reliableTimeout": "1s"}`
				if links == "links on" { // nothing is lost: an outcome that is unknown is a defect, and not only a busy machine
					w.dm = `{"reliableTimeout": "6s"}`
				}
				start(t, w).run(t, links == "links on")
			})
		}
	}
}

func (l *loss) run(t *testing.T, linked bool) {
	t.Helper()
	last := len(l.nodes) - 1
	alice, carol, eve := l.login("alice", 0, false), l.login("carol", last, true), l.login("eve", 0, true)
	talk := l.talk("alice", "bob", last)
	l.eventually("messages pass", func() bool { return talk.acks() > 0 })
	if linked {
		l.eventually("they go by a link", func() bool { return l.way.links.both() })
	}
	if l.half > 1 { // some of the nodes that stay together know each other
		l.login("near", 1, false)
		alice.tell("near", "hi")
	}

	l.lose()
	l.eventually("the loss is noticed", func() bool {
		err := alice.try("carol", "lost?")
		gone := l.half > 0 && errors.Is(err, client.ErrUserNotFound)
		switch {
		case err == nil, errors.Is(err, client.ErrTimeout), errors.Is(err, client.ErrNodesNotFound), gone:
		default:
			t.Fatalf("to somebody whom the engine would have to find: %v", err)
		}

		return errors.Is(err, client.ErrNodesNotFound) || gone && !linked // a link says that the node lives
	})
	before := talk.acks()
	if linked {
		l.eventually("open channels go on", func() bool { return talk.acks() > before+300 })
		if err := alice.try("carol", "still lost?"); !errors.Is(err, client.ErrNodesNotFound) {
			t.Errorf("to somebody whom the engine would have to find: %v, want %v", err, client.ErrNodesNotFound)
		}
	}
	if l.half > 1 {
		alice.tell("near", "we are still together")
	}
	newer := eve
	if l.half > 0 { // either half takes eve in
		newer = l.login("eve", last, false)
	}

	l.mend()
	var all []*person
	for i := range l.nodes {
		all = append(all, l.login(fmt.Sprint("new ", i), i, i%2 == 0)) // a client tries until it is let in
	}
	for _, p := range append(all, alice) {
		for _, to := range []string{"new 0", fmt.Sprint("new ", last), "alice", "bob", "carol", "eve"} {
			l.eventually(p.id+" reaches "+to, func() bool { return p.try(to, "found") == nil })
		}
	}
	before = talk.acks()
	l.eventually("all messages pass", func() bool { return talk.acks() > before+10 })
	carol.awaits("alice: found")
	newer.awaits("alice: found")
	if newer != eve {
		select {
		case <-eve.Done():
		case <-time.After(patience):
			t.Error("eve's older session stays")
		}
		var goodbye *client.GoodbyeError
		if err := eve.Err(); !asGoodbye(err, &goodbye) || goodbye.Code != 2002 {
			t.Errorf("eve's older session ended with %v, want goodbye 2002", err)
		}
	}
	talk.end(t, linked)
}

// awaits waits for something among all that comes.
func (p *person) awaits(want string) {
	p.t.Helper()
	for late := time.After(patience); ; {
		select {
		case got := <-p.inbox:
			if got == want {
				return
			}
		case <-late:
			p.t.Fatalf("%s waits for %q in vain", p.id, want)
		}
	}
}

// talk is a lane on which one message follows the other until its end.
type talk struct {
	*lane

	stop chan struct{}
	over sync.WaitGroup
}

// talk lets a user of the first node write to one of another.
func (c *cluster) talk(from, to string, at int) *talk {
	c.t.Helper()
	k := &talk{lane: &lane{from: from, to: to, node: c.nodes[0], got: make(map[uint32]bool), last: -1}, stop: make(chan struct{})}
	s := c.nodes[at]
	dial(c.t, s, to, "tcp://"+s.TCPAddr(), client.OnPush(func(_ uint8, _ uint16, msg []byte) { k.arrived(binary.BigEndian.Uint32(msg)) }))
	k.sender = k.node.Users().ByUID(from)
	k.over.Go(func() {
		for n := uint32(0); ; n++ {
			select {
			case <-k.stop:
				return
			default:
				k.send(n, 1)
			}
		}
	})
	c.t.Cleanup(k.quit)

	return k
}

func (k *talk) acks() int {
	k.mu.Lock()
	defer k.mu.Unlock()

	return len(k.acked)
}

func (k *talk) quit() {
	select {
	case <-k.stop:
	default:
		close(k.stop)
	}
	k.over.Wait()
}

// end ends the talk and holds it against the promises. If it went by a link, not one message may have failed.
func (k *talk) end(t *testing.T, linked bool) {
	t.Helper()
	k.quit()
	failed := k.failed
	if !linked && (errors.Is(failed, dm.ErrNodesNotFound) || errors.Is(failed, dm.ErrUserNotFound)) {
		k.failed = nil
	}
	check(t, map[string]*lane{k.from + " " + k.to: k.lane}, !linked)
	t.Logf("%d timeouts, the last failure: %v", k.timeouts, failed)
}

// The way of one node to NATS hangs: nothing passes, and who connects is not answered. The links say that all nodes live, though nobody has
// anything to say on them.
func TestPromise10AnIdleChannelOutlivesAWayToNATSThatHangs(t *testing.T) {
	s := startNATS(t, &server.Options{})
	b := newBreaker(t, s.Addr().String())
	w := ways["links on"]
	w.links = newLinkWatch()
	c := w.newClusterOn(t, "nats://"+b.addr(), s.ClientURL(), s.ClientURL())
	alice, bob := c.login("alice", 0, false), c.login("bob", 1, true)
	n := 0
	c.eventually("they have a link", func() bool {
		n++
		alice.tell("bob", fmt.Sprint(n))
		bob.hears(fmt.Sprint("alice: ", n))

		return w.links.both()
	})
	b.silence()
	before := b.came.Load()
	c.eventually("the node has tried to connect to NATS anew, several times", func() bool { return b.came.Load() >= before+4 })
	select {
	case text := <-bob.inbox:
		t.Fatalf("bob, to whom nobody has written, heard %q", text)
	default:
	}
	alice.tell("bob", "still there?")
	bob.hears("alice: still there?")
	if err := alice.try("nobody", "x"); !errors.Is(err, client.ErrNodesNotFound) {
		t.Errorf("to somebody whom NATS would have to find: %v, want %v", err, client.ErrNodesNotFound)
	}
	token, err := c.nodes[0].Token("carol")
	if err != nil {
		t.Fatal(err)
	}
	var goodbye *client.GoodbyeError
	_, err = client.Dial(t.Context(), "tcp://"+c.nodes[0].TCPAddr(), client.WithToken(token))
	if !asGoodbye(err, &goodbye) || goodbye.Code != wire.GoodbyeStopping || !strings.Contains(err.Error(), "the server has lost its cluster") {
		t.Errorf("a login: %v", err)
	}
	b.mend()
	c.eventually("all is well again", func() bool { return errors.Is(alice.try("nobody", "x"), client.ErrUserNotFound) })
	c.login("carol", 0, false)
}

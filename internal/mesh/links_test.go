package mesh

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/mesh/link"
)

// natsNode is the member behind a node of the tests.
func (n node) member() *member { return n.Mesh.(*NATS).member }

// peerOf is n's view of another node.
func peerOf(n, other node) *peer { return (*n.member().up.Load())[other.Self().Incarnation] }

// onLink tells whether packets of n to another node go by a link.
func onLink(n, other node) bool {
	p := peerOf(n, other)
	if p == nil {
		return false
	}
	c := p.link.Load()

	return c != nil && c.opened.Load()
}

// awaitLink sends until packets go by links both ways.
func awaitLink(t *testing.T, a, b node) {
	t.Helper()
	awaitTrue(t, "a link stands", func() bool {
		if !onLink(a, b) {
			_ = a.Send(b.Self(), PortDM, []byte("link?"))
		}
		if !onLink(b, a) {
			_ = b.Send(a.Self(), PortDM, []byte("link?"))
		}

		return onLink(a, b) && onLink(b, a)
	})
}

// stream sends numbered packets from one node to another until stop is closed, and tells how many it was.
func stream(t *testing.T, from, to node, stop <-chan struct{}) int {
	t.Helper()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return i
		default:
		}
		if err := from.Send(to.Self(), PortDM, strconv.AppendInt(nil, int64(i), 10)); err != nil {
			t.Errorf("packet %d: %v", i, err)

			return i
		}
		if i%8 == 0 { // the engine's queues are for what a node can keep up with
			time.Sleep(time.Millisecond)
		}
	}
}

// numbers takes what a recorder got from a node, and wants the numbers to rise. It returns how many there are and the last.
func numbers(t *testing.T, r *recorder, from string) (count, last int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	last = -1
	for _, p := range r.packets {
		text, ok := strings.CutPrefix(p, from+" ")
		n, err := strconv.Atoi(text)
		if !ok || err != nil {
			continue
		}
		if n <= last {
			t.Fatalf("%s: packet %d came behind packet %d", from, n, last)
		}
		count, last = count+1, n
	}

	return count, last
}

func TestAStreamOfPacketsKeepsItsOrderAndLosesNoneWhileItChangesToALink(t *testing.T) {
	w := &natsWorld{}
	a, b := startNode(t, w, "a"), startNode(t, w, "b")
	a.awaitNode(t, "up b")
	b.awaitNode(t, "up a")
	stop := make(chan struct{})
	var sent [2]int
	var wg sync.WaitGroup
	wg.Go(func() { sent[0] = stream(t, a, b, stop) })
	wg.Go(func() { sent[1] = stream(t, b, a, stop) })
	awaitTrue(t, "both directions have changed", func() bool { return onLink(a, b) && onLink(b, a) })
	before := len(b.events())
	time.Sleep(50 * time.Millisecond) // some more, on the link
	close(stop)
	wg.Wait()
	b.await(t, "all packets of a", func() bool { return len(b.packets) == sent[0] })
	a.await(t, "all packets of b", func() bool { return len(a.packets) == sent[1] })
	numbers(t, a.recorder, "b")
	numbers(t, b.recorder, "a")
	if len(a.lost)+len(b.lost) != 0 || len(b.events()) != before {
		t.Errorf("paths were lost: %v, %v", a.lost, b.lost)
	}
}

func TestWhateverBreaksNoPacketComesTwiceOrLate(t *testing.T) {
	w := &natsWorld{flap: 5 * time.Millisecond}
	a, b := startNode(t, w, "a"), startNode(t, w, "b")
	a.awaitNode(t, "up b")
	b.awaitNode(t, "up a")
	stop := make(chan struct{})
	var sent [2]int
	var wg sync.WaitGroup
	wg.Go(func() { sent[0] = stream(t, a, b, stop) })
	wg.Go(func() { sent[1] = stream(t, b, a, stop) })
	enough := func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		b.mu.Lock()
		defer b.mu.Unlock()

		return len(a.lost) > 20 && len(b.lost) > 20
	}
	awaitTrue(t, "links have been lost twenty times", enough)
	close(stop)
	wg.Wait()
	for _, n := range []node{a, b} {
		n.member().links.shut() // no more links: what is sent now goes by the engine
	}
	for i, pair := range [][2]node{{a, b}, {b, a}} {
		from, to := pair[0], pair[1]
		awaitTrue(t, "no link", func() bool { from.member().links.cut(); return peerOf(from, to).link.Load() == nil })
		if err := from.Send(to.Self(), PortDM, strconv.AppendInt(nil, int64(sent[i]), 10)); err != nil {
			t.Fatal(err)
		}
		to.await(t, "the last packet", func() bool { return slices.Contains(to.packets, fmt.Sprintf("%s %d", from.Self().Name, sent[i])) })
		count, last := numbers(t, to.recorder, from.Self().Name)
		t.Logf("%s: %d of %d packets arrived, the last is %d; %d links were lost", from.Self().Name, count, sent[i]+1, last, len(to.lost))
	}
}

func TestALinkThatIsLostIsToldBehindItsPacketsAndANewOneStands(t *testing.T) {
	w := &natsWorld{}
	a, b := startNode(t, w, "a"), startNode(t, w, "b")
	a.awaitNode(t, "up b")
	b.awaitNode(t, "up a")
	awaitLink(t, a, b)
	peerOf(a, b).link.Load().link.Close(errFlap)
	a.await(t, "a is told", func() bool { return slices.Equal(a.lost, []string{"b"}) })
	b.await(t, "b is told", func() bool { return slices.Equal(b.lost, []string{"a"}) })
	awaitLink(t, a, b)
	if events := a.events(); !slices.Equal(events, []string{"up b"}) {
		t.Errorf("a was told %v", events)
	}
}

func TestALinkThatIsNotOpenedInTimeIsGivenUpAndWhatWaitedGoesByNATSInOrder(t *testing.T) {
	w := &natsWorld{}
	var admitted atomic.Int32
	start := func(name string) node {
		n := addNode(t, w, name)
		n.member().links.opts.Admit = func(l *link.Link) bool { // whichever is called
			admitted.Add(1)
			n.member().links.running.Go(func() { _ = l.Run(deaf{}) })

			return true
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stopNode(t, n) })

		return n
	}
	a, b := start("a"), start("b")
	a.awaitNode(t, "up b")
	b.awaitNode(t, "up a")
	if a.Self().Incarnation > b.Self().Incarnation {
		a, b = b, a // a calls
	}
	awaitTrue(t, "packets are held", func() bool {
		_ = a.Send(b.Self(), PortDM, []byte("x"))
		c := peerOf(a, b).link.Load()

		return c != nil && c.link.Held()
	})
	for i := range 100 {
		if err := a.Send(b.Self(), PortDM, strconv.AppendInt(nil, int64(i), 10)); err != nil {
			t.Fatal(err)
		}
	}
	name := a.Self().Name
	b.await(t, "what waited", func() bool { return slices.Contains(b.packets, name+" 99") })
	if count, _ := numbers(t, b.recorder, name); count != 100 {
		t.Errorf("%d of 100 packets came", count)
	}
	if admitted.Load() == 0 || len(a.lost) != 0 {
		t.Errorf("%d links, lost %v", admitted.Load(), a.lost)
	}
}

// deaf receives and does nothing.
type deaf struct{}

func (deaf) Packet(uint8, uint64, []byte) {}
func (deaf) Control([]byte)               {}
func (deaf) Beat(uint64)                  {}
func (deaf) Open()                        {}
func (deaf) Goodbye(uint64)               {}

func TestLinksCarryOnWhileNATSIsAwayAndAllHealsWhenItIsBack(t *testing.T) {
	s := startServer(t, -1)
	port := s.Addr().(*net.TCPAddr).Port
	w := secretWorld{url: s.ClientURL(), secret: testSecret}
	a, b, c := startNode(t, w, "a"), startNode(t, w, "b"), startNode(t, w, "c")
	for _, n := range []node{a, b, c} {
		n.await(t, "two others", func() bool { return len(n.nodes) == 2 })
	}
	awaitLink(t, a, b) // c has none
	hold(t, b, "bob")
	for _, n := range []node{a, b, c} {
		n.reset()
	}
	stop := make(chan struct{})
	var sent int
	var wg sync.WaitGroup
	wg.Go(func() { sent = stream(t, a, b, stop) })
	stopServer(s)
	awaitTrue(t, "all are cut off", func() bool { return a.CutOff() && b.CutOff() && c.CutOff() })
	b.await(t, "traffic", func() bool { return len(b.packets) > 100 })
	time.Sleep(2 * time.Second) // longer than the failure timeout
	s = startServer(t, port)
	t.Cleanup(func() { stopServer(s) })
	awaitTrue(t, "all are back", func() bool { return !a.CutOff() && !b.CutOff() && !c.CutOff() })
	find(t, a, "bob", "after", 3)
	find(t, c, "bob", "after", 3)
	b.await(t, "finds", func() bool { return len(b.finds) == 2 })
	close(stop)
	wg.Wait()
	b.await(t, "all packets", func() bool { return len(b.packets) == sent })
	for _, n := range []node{a, b, c} {
		if len(n.events())+len(n.lost) != 0 {
			t.Errorf("%s was told %v, lost %v", n.Self().Name, n.events(), n.lost)
		}
	}
}

func TestANodeThatDiesWhileNATSIsAwayIsNoticedByThoseThatHadALinkToIt(t *testing.T) {
	s := startServer(t, -1)
	w := secretWorld{url: s.ClientURL(), secret: testSecret}
	a, b, c := startNode(t, w, "a"), startNode(t, w, "b"), startNode(t, w, "c")
	for _, n := range []node{a, b, c} {
		n.await(t, "two others", func() bool { return len(n.nodes) == 2 })
	}
	awaitLink(t, a, b)
	stopServer(s)
	awaitTrue(t, "both are cut off", func() bool { return a.CutOff() && b.CutOff() && c.CutOff() })
	began := time.Now()
	w.crash(t, b.Mesh)
	a.awaitNode(t, "down b")
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("noticed after %v", took)
	}
	if len(c.events()) != 2 || slices.Contains(a.events(), "down c") {
		t.Errorf("a was told %v, c %v", a.events(), c.events())
	}
}

// secretWorld is externalWorld with links.
type secretWorld struct {
	url, secret string
	log         *logged
	tls         bool
}

func (w secretWorld) make(t *testing.T, name string) Mesh {
	t.Helper()
	opts := Options{Node: name, URL: w.url, Secret: w.secret, LinkTLS: w.tls}
	if w.log != nil {
		opts.Logger = w.log.logger()
	}
	n, err := NewNATS(opts)
	if err != nil {
		t.Fatal(err)
	}

	return n
}

func (w secretWorld) crash(t *testing.T, m Mesh) { t.Helper(); (&natsWorld{}).crash(t, m) }

func TestExternalNATSWithLinksIsAMesh(t *testing.T) {
	for name, test := range conformance {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, -1)
			t.Cleanup(func() { stopServer(s) })
			test(t, secretWorld{url: s.ClientURL(), secret: testSecret})
		})
	}
}

func TestNodesThatCannotHaveALinkSaySoOnceAndGoByNATS(t *testing.T) {
	for name, tc := range map[string]struct {
		a, b         secretWorld
		wantA, wantB []string // in either's log, whoever calls
	}{
		"another secret": {
			secretWorld{secret: testSecret}, secretWorld{secret: "another secret"},
			[]string{"its cluster secret is not ours"}, []string{"its cluster secret is not ours"},
		},
		"no secret":        {secretWorld{secret: testSecret}, secretWorld{}, nil, []string{"no links to other nodes: they need a cluster secret"}},
		"TLS on one alone": {secretWorld{secret: testSecret, tls: true}, secretWorld{secret: testSecret}, []string{"TLS"}, []string{"TLS"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, -1)
			t.Cleanup(func() { stopServer(s) })
			tc.a.url, tc.b.url = s.ClientURL(), s.ClientURL()
			tc.a.log, tc.b.log = &logged{}, &logged{}
			a, b := startNode(t, tc.a, "a"), startNode(t, tc.b, "b")
			a.awaitNode(t, "up b")
			b.awaitNode(t, "up a")
			awaitTrue(t, "the logs say so", func() bool {
				if a.Send(b.Self(), PortDM, []byte("x")) != nil || b.Send(a.Self(), PortDM, []byte("x")) != nil {
					t.Fatal("a packet is not taken")
				}
				has := func(l *logged, texts []string) bool {
					return !slices.ContainsFunc(texts, func(text string) bool { return !l.has(text) })
				}

				return has(tc.a.log, tc.wantA) && has(tc.b.log, tc.wantB)
			})
			a.await(t, "packets", func() bool { return len(a.packets) > 0 })
			for _, l := range []*logged{tc.a.log, tc.b.log} {
				for _, text := range append(tc.wantA, tc.wantB...) {
					if n := l.count(text); n > 1 {
						t.Errorf("%q was said %d times: %s", text, n, l.buf.String())
					}
				}
			}
		})
	}
}

func (l *logged) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()

	return strings.Count(l.buf.String(), text)
}

// startLinked starts two nodes that have a link; the first one notes on PortDirectory what its finds come to.
func startLinked(t *testing.T, url string) (a, b node, finds *doubter) {
	t.Helper()
	w := secretWorld{url: url, secret: testSecret}
	a, b = addNode(t, w, "a"), startNode(t, w, "b")
	finds = &doubter{recorder: a.recorder, again: func() {}}
	a.Handle(PortDirectory, finds)
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNode(t, a) })
	a.awaitNode(t, "up b")
	b.awaitNode(t, "up a")
	awaitLink(t, a, b)

	return a, b, finds
}

// awaitAdrift waits until a hears b by its link only.
func awaitAdrift(t *testing.T, a, b node) {
	t.Helper()
	awaitTrue(t, "a knows that b is adrift", func() bool {
		a.member().mu.Lock()
		defer a.member().mu.Unlock()

		return peerOf(a, b) != nil && peerOf(a, b).adrift
	})
}

func TestANodeWithoutItsEngineHoldsUpNoBarrierAsLongAsItsLinkLives(t *testing.T) {
	s := startServer(t, -1)
	t.Cleanup(func() { stopServer(s) })
	a, b, finds := startLinked(t, s.ClientURL())
	hold(t, b, "bob")
	b.member().eng.(*natsEngine).conn.Close() // for good
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	answers, err := a.Barrier(ctx, PortDM, []byte("hello"))
	if err != nil || len(answers) != 1 || string(answers[0].Packet) != "seen hello" {
		t.Errorf("%v, %v", answers, err)
	}
	awaitAdrift(t, a, b)
	if slices.Contains(a.events(), "down b") {
		t.Errorf("a was told %v", a.events())
	}
	if err := a.Find("bob", PortDirectory, []byte("x"), 1); err != nil {
		t.Fatal(err)
	}
	awaitTrue(t, "a find of a user who may be there is said to be out of reach", func() bool { return finds.unreachable.Load() == 1 })
	a.await(t, "nothing", func() bool { return len(a.nobody) == 0 })
}

func TestAListenerAtAllAddressesIsToldByOneThatCanBeReached(t *testing.T) {
	at := func(text string) net.Addr {
		addr, err := net.ResolveTCPAddr("tcp", text)
		if err != nil {
			t.Fatal(err)
		}

		return addr
	}
	for _, tc := range []struct{ listener, cluster, want string }{
		{"10.1.2.3:70", "10.0.0.1:7300", "10.1.2.3:70"},
		{"0.0.0.0:70", "10.0.0.1:7300", "10.0.0.1:70"},
		{"[::]:70", "node-1.example:7300", "node-1.example:70"},
	} {
		if got := advertised(at(tc.listener), tc.cluster); got != tc.want {
			t.Errorf("%s, %s: %s, want %s", tc.listener, tc.cluster, got, tc.want)
		}
	}
	host, port, err := net.SplitHostPort(advertised(at("0.0.0.0:70"), "0.0.0.0:7300"))
	if err != nil || port != "70" || net.ParseIP(host).IsUnspecified() {
		t.Errorf("%s, %s, %v", host, port, err)
	}
}

func TestALinkAddressThatIsTakenIsAnError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	n, err := NewNATS(Options{Node: "a", Cluster: "127.0.0.1:0", Secret: testSecret, Links: taken.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	if err = n.Start(t.Context()); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("error: %v", err)
	}
}

package mesh

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const testSecret = "a secret of this test"

// natsWorld makes nodes with embedded servers on loopback; every one joins the first that is there.
type natsWorld struct {
	mu    sync.Mutex
	first *NATS
	log   *slog.Logger
	links string        // LinksOff: without
	tls   bool          // links with
	flap  time.Duration // links are cut every so often
}

func (w *natsWorld) make(t *testing.T, name string) Mesh {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	opts := Options{Node: name, Cluster: "127.0.0.1:0", Secret: testSecret, Logger: w.log, Links: w.links, LinkTLS: w.tls, Flap: w.flap}
	if w.first != nil {
		opts.Join = []string{w.first.ClusterAddr()}
	}
	n, err := NewNATS(opts)
	if err != nil {
		t.Fatal(err)
	}
	if w.first == nil {
		w.first = n
	}

	return n
}

func (w *natsWorld) crash(t *testing.T, m Mesh) {
	t.Helper()
	n := m.(*NATS)
	if !n.state.CompareAndSwap(stateRunning, stateStopped) {
		t.Fatal("not running")
	}
	close(n.stop)
	n.stopped.Wait()
	if n.links != nil {
		n.links.shut()
		n.links.cut()
		n.links.running.Wait()
	}
	n.eng.close(t.Context())
}

// wantEveryPacket are the tests of conformance in which every packet has to arrive. With a link that breaks it may go: see
// TestWhateverBreaksNoPacketComesTwiceOrLate.
var wantEveryPacket = []string{
	"of two holders exactly one gets each find",
	"packets from one node to another arrive in order",
	"a node that stops is gone at once, with all that it sent before",
	"two nodes may have one name",
	"a packet that is too large is refused",
	"stamps of what one node does after it heard another are later",
}

func TestNATSIsAMesh(t *testing.T) {
	for kind, w := range map[string]*natsWorld{
		"with links": {}, "without links": {links: LinksOff}, "with encrypted links": {tls: true}, "with links that break": {flap: 3 * time.Millisecond},
	} {
		for name, test := range conformance {
			if w.flap > 0 && slices.Contains(wantEveryPacket, name) {
				continue
			}
			t.Run(kind+": "+name, func(t *testing.T) {
				test(t, &natsWorld{links: w.links, tls: w.tls, flap: w.flap})
			})
		}
	}
}

// externalWorld makes nodes that use one NATS server that runs by itself.
type externalWorld struct{ url string }

func (w externalWorld) make(t *testing.T, name string) Mesh {
	t.Helper()
	n, err := NewNATS(Options{Node: name, URL: w.url})
	if err != nil {
		t.Fatal(err)
	}

	return n
}

func (w externalWorld) crash(t *testing.T, m Mesh) {
	t.Helper()
	(&natsWorld{}).crash(t, m)
}

// startServer starts a stand-alone NATS server; port -1 is chosen by the system.
func startServer(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, MaxPayload: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the NATS server does not start")
	}

	return s
}

func stopServer(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

func TestExternalNATSIsAMesh(t *testing.T) {
	for name, test := range conformance {
		t.Run(name, func(t *testing.T) {
			s := startServer(t, -1)
			t.Cleanup(func() { stopServer(s) })
			test(t, externalWorld{s.ClientURL()})
		})
	}
}

func TestANodeIsCutOffWhileItsNATSServerIsAwayAndAllWorksWhenItIsBack(t *testing.T) {
	s := startServer(t, -1)
	port := s.Addr().(*net.TCPAddr).Port
	w := externalWorld{s.ClientURL()}
	a, b := startNode(t, w, "a"), startNode(t, w, "b")
	a.awaitNode(t, "up b")
	hold(t, b, "bob")
	find(t, a, "bob", "before", 1)
	b.await(t, "find", func() bool { return len(b.finds) == 1 })

	stopServer(s)
	awaitTrue(t, "both are cut off", func() bool { return a.CutOff() && b.CutOff() })
	if err := a.Find("bob", PortDM, nil, 2); !errors.Is(err, ErrCutOff) {
		t.Errorf("find: %v", err)
	}
	if err := b.Hold("new"); err != nil { // while it is away
		t.Error(err)
	}
	time.Sleep(2 * time.Second) // longer than the failure timeout: nobody is judged meanwhile
	s = startServer(t, port)
	t.Cleanup(func() { stopServer(s) })
	awaitTrue(t, "both are back", func() bool { return !a.CutOff() && !b.CutOff() })
	find(t, a, "bob", "after", 3)
	find(t, a, "new", "after", 4)
	b.await(t, "finds", func() bool { return len(b.finds) == 3 || len(a.nobody) > 0 })
	if len(a.nobody) > 0 {
		t.Errorf("not found: %v", a.nobody)
	}
	if events := a.events(); !slices.Equal(events, []string{"up b"}) {
		t.Errorf("a was told %v", events)
	}
}

func awaitTrue(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// logged collects log lines.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()

	return l.buf.Write(b)
}

func (l *logged) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	return strings.Contains(l.buf.String(), text)
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

func TestAWrongClusterSecretIsSaidOnBothSides(t *testing.T) {
	var logA, logB logged
	start := func(opts Options) *NATS {
		opts.Cluster = "127.0.0.1:0"
		opts.Timing.Join = 500 * time.Millisecond
		n, err := NewNATS(opts)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stopNode(t, node{n, nil}) })

		return n
	}
	a := start(Options{Node: "a", Secret: "right", Logger: logA.logger()})
	b := start(Options{Node: "b", Secret: "a wrong secret", Join: []string{a.ClusterAddr()}, Logger: logB.logger()})
	awaitTrue(t, "a says so", func() bool { return logA.has("its cluster secret is not ours") })
	awaitTrue(t, "b says so", func() bool { return logB.has("our cluster secret is not its own") })
	if !logB.has("no answer from the nodes to join yet; serving alone, still trying\" join=" + a.ClusterAddr()) {
		t.Error("b does not say that it is alone")
	}
	if len(a.Nodes())+len(b.Nodes()) != 0 {
		t.Error("they met")
	}
	for _, l := range []*logged{&logA, &logB} {
		if l.has("right") || l.has("a wrong secret") || l.has(routePassword("right")) || l.has(routePassword("a wrong secret")) {
			t.Errorf("a secret is in the log: %s", l.buf.String())
		}
	}
}

func TestANodeWhoseJoinAddressNobodyAnswersServesAloneAndJoinsLater(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	_ = free.Close()
	var log logged
	early, err := NewNATS(Options{
		Node: "early", Cluster: "127.0.0.1:0", Secret: testSecret, Join: []string{addr},
		Timing: Timing{Join: 300 * time.Millisecond}, Logger: log.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	a := node{early, newRecorder()}
	a.Handle(PortDM, a.recorder)
	a.Watch(a.recorder)
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNode(t, a) })
	if !log.has("serving alone, still trying\" join=" + addr) {
		t.Errorf("it does not say so: %s", log.buf.String())
	}
	hold(t, a, "alice")

	late, err := NewNATS(Options{Node: "late", Cluster: addr, Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	b := node{late, newRecorder()}
	b.Handle(PortDM, b.recorder)
	b.Watch(b.recorder)
	if err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNode(t, b) })
	a.awaitNode(t, "up late")
	b.awaitNode(t, "up early")
	find(t, b, "alice", "x", 1)
	a.await(t, "find", func() bool { return len(a.finds) == 1 })
}

func TestASingleNodeOpensNoPort(t *testing.T) {
	n, err := NewNATS(Options{Node: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer stopNode(t, node{n, nil})
	s := n.eng.(*natsEngine).server
	if s.Addr() != nil || s.ClusterAddr() != nil || n.ClusterAddr() != "" {
		t.Error("a port is open")
	}
}

func TestANodeOfAClusterOpensItsClusterPortOnly(t *testing.T) {
	n, err := NewNATS(Options{Node: "a", Cluster: "127.0.0.1:0", Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer stopNode(t, node{n, nil})
	s := n.eng.(*natsEngine).server
	if s.Addr() != nil || s.MonitorAddr() != nil {
		t.Error("a port is open that is not the cluster's")
	}
	if n.ClusterAddr() == "" {
		t.Error("no cluster port")
	}
}

func TestAClusterPortThatIsTakenIsAnError(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	n, err := NewNATS(Options{Node: "a", Cluster: taken.Addr().String(), Secret: testSecret})
	if err != nil {
		t.Fatal(err)
	}
	err = n.Start(t.Context())
	if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error: %v", err)
	}
}

func TestANATSServerThatDoesNotAnswerIsAnErrorWhenTheContextEnds(t *testing.T) {
	var log logged
	n, err := NewNATS(Options{Node: "a", URL: "nats://127.0.0.1:1", Logger: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := n.Start(ctx); err == nil || !log.has("no NATS server answers yet") {
		t.Errorf("error %v", err)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for want, opts := range map[string]Options{
		"no node name":          {},
		"control characters":    {Node: "a\n"},
		"not both":              {Node: "a", URL: "nats://x", Cluster: "127.0.0.1:0", Secret: "x"},
		"address of its own":    {Node: "a", Join: []string{"127.0.0.1:1"}},
		"only with a secret":    {Node: "a", Cluster: "127.0.0.1:0"},
		"takes host:port":       {Node: "a", Cluster: "127.0.0.1", Secret: "x"},
		`"10.0.0.5" is no addr`: {Node: "a", Cluster: "127.0.0.1:0", Join: []string{"10.0.0.5"}, Secret: "x"},
		"at most 8388608":       {Node: "a", MaxMessage: 9 << 20},
	} {
		if _, err := NewNATS(opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

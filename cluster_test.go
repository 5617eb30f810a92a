package parley_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
)

// patience is how long a test waits for what should come at once: long enough for a busy machine.
const patience = 20 * time.Second

const (
	testKey    = "a signing key for tests, 32 bytes long or more"
	testSecret = "a cluster secret for tests"
)

// cluster is a cluster of whole nodes in this process, on loopback ports chosen by the system.
type cluster struct {
	t     *testing.T
	way   way
	nodes []*parley.Server
	stuck *parley.Server // its stop has an error, which the test has seen; may be nil

	repeated atomic.Int64 // by whileWhole

	mu      sync.Mutex
	started []*parley.Server // guarded by mu; all that were ever started
	joining bool             // guarded by mu; one more is being started
}

// stands tells whether all nodes are members with links to all others that have carried something
// within the last second.
func (c *cluster) stands() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joining {
		return false
	}
	running := slices.DeleteFunc(slices.Clone(c.started), (*parley.Server).Stopping)
	for _, s := range running {
		if !s.LinksStand() {
			return false
		}
		for _, other := range running {
			if other != s && !slices.Contains(s.Nodes(), other.NodeID()) {
				return false
			}
		}
	}

	return true
}

// joins notes that a node is being started, or was.
func (c *cluster) joins(s *parley.Server) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.joining = s == nil; s != nil {
		c.started = append(c.started, s)
	}
}

// ways are how the links of a cluster fare: what holds must hold in all of them.
var ways = map[string]way{
	"links stand": {},
	"links break": {flap: 30 * time.Millisecond},
}

type way struct {
	flap time.Duration // about how often all TCP connections of a node's links are broken; 0: never
	dm   string        // settings; empty: the defaults

	heartbeat time.Duration // of the clients; 0: the default

	config func(c *parley.Config) // changes the settings of each node; may be nil
}

// eachWay runs a test in clusters of all ways.
func eachWay(t *testing.T, test func(t *testing.T, w way)) {
	t.Helper()
	for name, w := range ways {
		t.Run(name, func(t *testing.T) { test(t, w) })
	}
}

// newCluster starts n nodes that have joined each other. Setup sees each before its start.
func (w way) newCluster(t *testing.T, n int, setup func(i int, s *parley.Server)) *cluster {
	t.Helper()
	c := &cluster{t: t, way: w}
	for i := range n {
		c.add(i, setup)
	}
	c.seesAll()

	return c
}

// seesAll waits until all nodes see each other: one that has entered is seen by the others a moment
// later.
func (c *cluster) seesAll() {
	c.t.Helper()
	c.eventually("all nodes see each other", func() bool {
		for _, s := range c.nodes {
			if len(s.Nodes()) != len(c.nodes)-1 {
				return false
			}
		}

		return true
	})
}

func (c *cluster) add(i int, setup func(i int, s *parley.Server)) *parley.Server {
	c.t.Helper()
	cfg := parley.Config{
		Node: fmt.Sprintf("n%d", i+1), TCP: "127.0.0.1:0", HTTP: "127.0.0.1:0", AuthKey: testKey, LogLevel: "error",
		Cluster: "127.0.0.1:0", ClusterSecret: testSecret,
		Grace:          -1,                                                     // users who are not to come back are not waited for
		AddressPending: -1, AddressOpen: -1, AddressLogins: -1, UserLogins: -1, // all clients have one address
	}
	if testing.Verbose() {
		cfg.LogLevel = "debug"
	}
	if c.way.heartbeat > 0 {
		cfg.Heartbeat = c.way.heartbeat
	}
	if c.way.dm != "" {
		cfg.DM = json.RawMessage(c.way.dm)
	}
	for _, other := range c.nodes {
		cfg.Join = append(cfg.Join, other.ClusterAddr())
	}
	var made atomic.Pointer[parley.Server]
	if c.way.flap > 0 {
		b := newBreakerTo(c.t, func() string {
			if s := made.Load(); s != nil {
				return s.ClusterAddr()
			}

			return ""
		})
		b.flap(c.t, c.way.flap, c.stands)
		cfg.Advertise = b.addr()
	}
	if c.way.config != nil {
		c.way.config(&cfg)
	}
	s, err := parley.New(cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	made.Store(s)
	s.DM().ExposeCommands()
	if setup != nil {
		setup(i, s)
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	c.joins(nil)
	if err := s.Start(ctx); err != nil {
		c.t.Fatal(err)
	}
	c.joins(s)
	c.t.Cleanup(func() { c.stop(s) })
	c.nodes = append(c.nodes, s)

	return s
}

func (c *cluster) stop(s *parley.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Stop(ctx); err != nil && s != c.stuck {
		c.t.Errorf("stop: %v", err)
	}
}

// person is a client with what it has received.
type person struct {
	*client.Client

	t     *testing.T
	id    string
	inbox chan string // "from: text", "-peer: last", "push ver cmd text"
}

// login connects a user to a node: by TCP, or by WebSocket if ws.
func (c *cluster) login(id string, node int, ws bool) *person {
	c.t.Helper()
	s := c.nodes[node]
	url := "tcp://" + s.TCPAddr()
	if ws {
		url = "ws://" + s.HTTPAddr() + "/ws"
	}

	return dial(c.t, s, id, url)
}

func dial(t *testing.T, s *parley.Server, id, url string, opts ...client.Option) *person {
	t.Helper()
	token, err := s.Token(id)
	if err != nil {
		t.Fatal(err)
	}
	p := &person{t: t, id: id, inbox: make(chan string, 4096)}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	p.Client, err = client.Dial(ctx, url, append([]client.Option{
		client.WithToken(token),
		client.OnMessage(func(m client.Message) { p.inbox <- m.From + ": " + string(m.Body) }),
		client.OnPeerDisconnect(func(peer string, last []byte) { p.inbox <- "-" + peer + ": " + string(last) }),
		client.OnPush(func(ver uint8, cmd uint16, msg []byte) { p.inbox <- fmt.Sprintf("push %d %d %s", ver, cmd, msg) }),
	}, opts...)...)
	if err != nil {
		t.Fatalf("%s cannot log in: %v", id, err)
	}
	t.Cleanup(func() { _ = p.Close() })

	return p
}

// tell sends a message and wants no error.
func (p *person) tell(to, text string) {
	p.t.Helper()
	if err := p.try(to, text); err != nil {
		p.t.Fatalf("%s to %s: %v", p.id, to, err)
	}
}

func (p *person) try(to, text string) error {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()

	_, err := p.Send(ctx, to, []byte(text))

	return err
}

// hears waits for what should come next.
func (p *person) hears(want string) {
	p.t.Helper()
	select {
	case got := <-p.inbox:
		if got != want {
			p.t.Fatalf("%s heard %q, want %q", p.id, got, want)
		}
	case <-time.After(patience):
		p.t.Fatalf("%s heard nothing, want %q", p.id, want)
	}
}

func TestUsersOnThreeNodesReachEachOtherByTCPAndWebSocket(t *testing.T) {
	slog.SetLogLoggerLevel(slog.LevelError)
	c := way{}.newCluster(t, 3, nil)
	alice, bob, carol := c.login("alice", 0, false), c.login("bob", 2, true), c.login("carol", 0, true)
	people := []*person{alice, bob, carol}
	for _, from := range people {
		for _, to := range people {
			from.tell(to.id, "hello from "+from.id)
			to.hears(from.id + ": hello from " + from.id)
		}
	}
	start := time.Now()
	const n = 200
	for i := range n {
		alice.tell("bob", fmt.Sprint(i))
		bob.hears(fmt.Sprintf("alice: %d", i))
	}
	t.Logf("%v a message", time.Since(start)/n)
}

func asGoodbye(err error, target **client.GoodbyeError) bool { return errors.As(err, target) }

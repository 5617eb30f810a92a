package dm_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/mesh"
	"github.com/parley-dm/parley/user"
)

// straight is a mesh of two nodes that hands packets over by function calls: what remains is the work of dm itself.
type straight struct {
	self     mesh.NodeID
	clock    mesh.Clock
	other    *straight
	handlers [4]mesh.Handler
}

func (s *straight) Self() mesh.NodeID                     { return s.self }
func (s *straight) Clock() *mesh.Clock                    { return &s.clock }
func (s *straight) Nodes() []mesh.NodeID                  { return []mesh.NodeID{s.other.self} }
func (s *straight) CutOff() bool                          { return false }
func (s *straight) Handle(port mesh.Port, h mesh.Handler) { s.handlers[port] = h }
func (s *straight) Watch(mesh.Watcher)                    {}
func (s *straight) Start(context.Context) error           { return nil }
func (s *straight) Stop(context.Context) error            { return nil }
func (s *straight) Hold(string) error                     { return nil }
func (s *straight) Release(string)                        {}
func (s *straight) SendLater(to mesh.NodeID, port mesh.Port, packet []byte) error {
	return s.Send(to, port, packet)
}

func (s *straight) Send(_ mesh.NodeID, port mesh.Port, packet []byte) error {
	s.other.handlers[port].HandlePacket(s.self, packet)

	return nil
}

func (s *straight) Find(userID string, port mesh.Port, packet []byte, _ uint64) error {
	s.other.handlers[port].HandleFind(s.self, userID, packet)

	return nil
}

func (s *straight) Barrier(context.Context, mesh.Port, []byte) ([]mesh.Answer, error) {
	return nil, nil
}

func (s *straight) Ask(context.Context, mesh.NodeID, mesh.Port, []byte) ([]byte, error) {
	return nil, mesh.ErrNoNode
}

// sink is a connection that takes everything and keeps nothing.
type sink struct {
	line      command.Line
	pushed    atomic.Int64
	responded atomic.Int64
}

func (s *sink) Push(_ uint8, _ uint16, _ []byte, _ bool, done user.Done) error {
	s.pushed.Add(1)
	if done != nil {
		done.Pushed(nil)
	}

	return nil
}

func (s *sink) Respond(uint32, uint8, uint16, uint8, []byte, bool) error {
	s.responded.Add(1)

	return nil
}

func (s *sink) Close(uint16, string) {}
func (s *sink) Addr() string         { return "" }
func (s *sink) Transport() string    { return "" }

// pair is two users, and the command by which the first sends to the second.
type pair struct {
	router   *command.Router
	from, to *sink
	req      command.Request
}

// newPair makes two nodes and a user on each, or two users on one.
func newPair(tb testing.TB, oneNode, callbacks bool) *pair {
	tb.Helper()
	a, b := &straight{self: mesh.NodeID{Name: "a", Incarnation: 1}}, &straight{self: mesh.NodeID{Name: "b", Incarnation: 2}}
	a.other, b.other = b, a
	var users [2]*user.Registry
	var dirs [2]*dive.Directory
	p := &pair{from: &sink{}, to: &sink{}}
	for i, m := range []*straight{a, b} {
		users[i], dirs[i] = user.NewRegistry(), dive.NewDirectory(m)
		module := dm.New()
		module.ExposeCommands()
		if callbacks {
			module.SetOnReceiveMessage(func(uint8, uint16, []byte, string, *user.User) bool { return true })
			module.SetOnMessage(func(uint8, uint16, []byte, string, *user.User) []byte { return nil })
		}
		router := command.NewRouter(quiet)
		module.Attach(dm.Parts{Users: users[i], Directory: dirs[i], Mesh: m, Router: router, Log: quiet})
		router.Freeze()
		module.Start()
		tb.Cleanup(func() { module.Stop(context.Background()) })
		if i == 0 {
			p.router = router
		}
	}
	enter := func(id string, s *sink, at int) *user.User {
		u := users[at].New(id, user.NewSID(), s)
		stamp, err := dirs[at].Claim(context.Background(), id, u.SID)
		if err != nil {
			tb.Fatal(err)
		}
		u.SetLogin(uint64(stamp))
		users[at].Add(u)
		dirs[at].Activate(id, u.SID)

		return u
	}
	at := 1
	if oneNode {
		at = 0
	}
	enter("bob", p.to, at)
	p.req = command.Request{User: enter("alice", p.from, 0), ID: 7, Ver: 1, Cmd: 701, Payload: append([]byte("\x03bob"), make([]byte, 64)...)}
	p.send() // opens the channel

	return p
}

// send sends one message and waits for the response.
func (p *pair) send() {
	before := p.from.responded.Load()
	p.router.Dispatch(&p.from.line, p.req)
	for p.from.responded.Load() == before {
		runtime.Gosched() // the callbacks run on a goroutine of their own
	}
}

// ways are the ways that a message can take.
var ways = []struct {
	name               string
	oneNode, callbacks bool
}{
	{"one node", true, false},
	{"two nodes", false, false},
	{"one node, with callbacks", true, true},
	{"two nodes, with callbacks", false, true},
}

func TestAMessageOnAnOpenChannelAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates, and empties pools at random: make test runs this without it as well")
	}
	for _, c := range ways {
		p := newPair(t, c.oneNode, c.callbacks)
		const runs = 1000
		if n := testing.AllocsPerRun(runs, p.send); n >= 1 {
			t.Errorf("%s: %v allocations a message, both nodes and both directions together", c.name, n)
		}
		if pushed, responded := p.to.pushed.Load(), p.from.responded.Load(); pushed < runs || responded != pushed {
			t.Errorf("%s: %d pushed, %d responded", c.name, pushed, responded)
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	for _, c := range ways {
		b.Run(c.name, func(b *testing.B) {
			p := newPair(b, c.oneNode, c.callbacks)
			b.ReportAllocs()
			for b.Loop() {
				p.send()
			}
		})
	}
}

package dm_test

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/messages"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/internal/tracing"
	"github.com/parley-dm/parley/user"
)

// straight is the way to one other node, by function calls: what remains is the work of dm itself.
// It is the directory of both, too.
type straight struct {
	self   nodes.ID
	module *dm.Module
	other  *straight
	places map[string]nodes.Place // of both nodes
	tracer *tracing.Tracer
}

// traceStraight is the same way for announcements of traces.
type traceStraight straight

func (s *traceStraight) Self() nodes.ID { return s.self }

func (s *traceStraight) Send(_ nodes.ID, packet []byte) error {
	s.other.tracer.HandlePacket(s.self, packet)

	return nil
}

func (s *straight) Self() nodes.ID                             { return s.self }
func (s *straight) Linked(nodes.ID) bool                       { return true }
func (s *straight) SendLater(to nodes.ID, packet []byte) error { return s.Send(to, packet) }
func (s *straight) Cancel(uint64)                              {}
func (s *straight) Owner(string) nodes.ID                      { return nodes.ID{} }

func (s *straight) Send(_ nodes.ID, packet []byte) error {
	messages.Of(s.other.module).HandlePacket(s.self, packet)

	return nil
}

func (s *straight) Lookup(userID string, token uint64) {
	messages.Of(s.module).Located(token, s.places[userID])
}

// sink is a connection that takes everything and keeps nothing.
type sink struct {
	line      command.UserQueue
	pushed    atomic.Int64
	responded atomic.Int64
}

func (s *sink) Push(_ uint8, _ uint16, _ []byte, _ bool, done sessions.Done) error {
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

func (s *sink) Close(uint16, string)           {}
func (s *sink) Latency() time.Duration         { return 0 }
func (s *sink) Addr() string                   { return "" }
func (s *sink) Hold(sessions.HoldReason, bool) {}
func (s *sink) Transport() string              { return "" }

// pair is two users, and the command by which the first sends to the second.
type pair struct {
	router   *command.Router
	from, to *sink
	req      command.Request
}

// newPair makes two nodes and a user on each, or two users on one. Tracer makes that of a node;
// nil: none.
func newPair(tb testing.TB, oneNode, callbacks bool, tracer func(tracing.Nodes) *tracing.Tracer) *pair {
	tb.Helper()
	places := make(map[string]nodes.Place)
	a, b := &straight{self: nodes.ID{Name: "a", Incarnation: 1}, places: places}, &straight{self: nodes.ID{Name: "b", Incarnation: 2}, places: places}
	a.other, b.other = b, a
	var users [2]*user.Registry
	var clock nodes.Clock
	p := &pair{from: &sink{}, to: &sink{}}
	for i, n := range []*straight{a, b} {
		users[i] = user.NewRegistry()
		module := dm.New()
		n.module = module
		module.ExposeCommands()
		if callbacks {
			module.SetOnReceiveMessage(func(uint8, uint16, []byte, string, *user.User) bool { return true })
			module.SetOnMessage(func(uint8, uint16, []byte, string, *user.User) []byte { return nil })
		}
		router := command.NewRouter(quiet)
		if tracer != nil {
			n.tracer = tracer((*traceStraight)(n))
		}
		messages.Of(module).Attach(messages.Parts{
			Users: users[i], Directory: n, Nodes: n, Clock: &clock, Router: router, Log: quiet, Tracer: n.tracer,
		})
		router.Freeze()
		messages.Of(module).Start()
		tb.Cleanup(func() { messages.Of(module).Stop(context.Background()) })
		if i == 0 {
			p.router = router
		}
	}
	enter := func(id string, s *sink, at int) *user.User {
		u := sessions.New(users[at], id, user.NewSID(), s)
		places[id] = nodes.Place{Node: []*straight{a, b}[at].self, SID: nodes.ParseSID(u.SID)}
		sessions.Of(u).SetStamp(uint64(clock.Now()))
		sessions.Add(users[at], u)

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

// tracers are the ways in which messages can be traced. Only those that are traced cost memory.
var tracers = map[string]func(tracing.Nodes) *tracing.Tracer{
	"tracing off":  nil,
	"none sampled": func(n tracing.Nodes) *tracing.Tracer { return tracing.New(sdk.NewTracerProvider(), 1e-12, n) },
	"all traced":   func(n tracing.Nodes) *tracing.Tracer { return tracing.New(sdk.NewTracerProvider(), 1, n) },
}

func TestAMessageOnAnOpenChannelAllocatesNothing(t *testing.T) {
	if testkit.Race {
		t.Skip("the race detector allocates, and empties pools at random: make test runs this without it as well")
	}
	for _, c := range ways {
		for name, tracer := range tracers {
			p := newPair(t, c.oneNode, c.callbacks, tracer)
			const runs = 1000
			if n := testing.AllocsPerRun(runs, p.send); (n >= 1) != (name == "all traced") {
				t.Errorf("%s, %s: %v allocations a message, both nodes and both directions together", c.name, name, n)
			}
			if pushed, responded := p.to.pushed.Load(), p.from.responded.Load(); pushed < runs || responded != pushed {
				t.Errorf("%s, %s: %d pushed, %d responded", c.name, name, pushed, responded)
			}
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	for _, c := range ways {
		for _, name := range []string{"tracing off", "none sampled", "all traced"} {
			b.Run(c.name+"/"+name, func(b *testing.B) {
				p := newPair(b, c.oneNode, c.callbacks, tracers[name])
				b.ReportAllocs()
				for b.Loop() {
					p.send()
				}
			})
		}
	}
}

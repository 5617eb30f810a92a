package parley_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// spans are those that the nodes of a cluster have made, each in an exporter of its own.
type spans []*tracetest.InMemoryExporter

// tracing makes nodes export to memory. Ratio is that of each node.
func tracing(ratio ...float64) (way, spans) {
	all := make(spans, len(ratio))
	at := 0

	return way{config: func(c *parley.Config) {
		all[at] = tracetest.NewInMemoryExporter()
		c.TracerProvider, c.TraceRatio = sdk.NewTracerProvider(sdk.WithSyncer(all[at])), ratio[at]
		at++
	}}, all
}

// named waits for n spans of that name on a node, and returns the latest.
func (s spans) named(c *cluster, node int, name string, n int) (latest tracetest.SpanStub) {
	c.t.Helper()
	c.eventually(name+" is exported", func() bool {
		found := 0
		for _, span := range s[node].GetSpans() {
			if span.Name == name {
				latest = span
				found++
			}
		}
		if found > n {
			c.t.Fatalf("%d spans are named %s, want %d", found, name, n)
		}

		return found == n
	})

	return latest
}

func attributes(s tracetest.SpanStub) map[string]string {
	all := make(map[string]string)
	for _, a := range s.Attributes {
		all[string(a.Key)] = a.Value.String()
	}

	return all
}

func wantAttributes(t *testing.T, s tracetest.SpanStub, want map[string]string) {
	t.Helper()
	got := attributes(s)
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: %s is %q, want %q", s.Name, name, got[name], value)
		}
	}
}

func TestOneTraceFollowsAMessageFromNodeToNode(t *testing.T) {
	w, spans := tracing(1, 1)
	c := w.newCluster(t, 2, nil)
	alice, bob := c.login("alice", 0, false), c.login("bob", 1, true)
	alice.tell("bob", "first")
	bob.hears("alice: first")
	send, lookup, deliver := spans.named(c, 0, "send", 1), spans.named(c, 0, "lookup", 1), spans.named(c, 1, "deliver", 1)
	for _, s := range []tracetest.SpanStub{lookup, deliver} {
		if s.SpanContext.TraceID() != send.SpanContext.TraceID() || s.Parent.SpanID() != send.SpanContext.SpanID() {
			t.Errorf("%s is no child of send: %v, parent %v; send is %v", s.Name, s.SpanContext, s.Parent, send.SpanContext)
		}
	}
	n1, n2 := c.nodes[0].NodeID(), c.nodes[1].NodeID()
	about := map[string]string{
		"parley.sender": "alice", "parley.recipient": "bob", "parley.ver": "1", "parley.cmd": "701", "parley.kind": "message",
		"messaging.message.body.size": "5", "parley.outcome": "delivered", "parley.node": n1,
	}
	wantAttributes(t, send, about)
	about["parley.node"] = n2
	wantAttributes(t, deliver, about)
	wantAttributes(t, lookup, map[string]string{"parley.node": n1, "parley.at": n2, "parley.outcome": "found"})
	if owner := attributes(lookup)["parley.owner"]; owner != n1 && owner != n2 {
		t.Errorf("the owner of bob is %q", owner)
	}
	if len(send.Events) != 1 || send.Events[0].Name != "carried" || send.Events[0].Attributes[0].Value.String() != n2 {
		t.Errorf("events of send: %+v", send.Events)
	}

	alice.tell("bob", "second") // on the open channel
	bob.hears("alice: second")
	second, delivered := spans.named(c, 0, "send", 2), spans.named(c, 1, "deliver", 2)
	if delivered.Parent.SpanID() != second.SpanContext.SpanID() || second.SpanContext.TraceID() == send.SpanContext.TraceID() {
		t.Errorf("the second message: send %v, deliver %v of %v", second.SpanContext, delivered.SpanContext, delivered.Parent)
	}
	spans.named(c, 0, "lookup", 1)
}

func TestAMessageOnOneNodeIsTraced(t *testing.T) {
	w, spans := tracing(1)
	c := w.newCluster(t, 1, nil)
	alice, _ := c.login("alice", 0, false), c.login("bob", 0, false)
	alice.tell("bob", "hi")
	send, deliver := spans.named(c, 0, "send", 1), spans.named(c, 0, "deliver", 1)
	if deliver.Parent.SpanID() != send.SpanContext.SpanID() {
		t.Errorf("deliver %v of %v, send %v", deliver.SpanContext, deliver.Parent, send.SpanContext)
	}
}

func TestATraceShowsWhyAMessageDidNotArrive(t *testing.T) {
	w, spans := tracing(1, 1)
	c := w.newCluster(t, 2, func(_ int, s *parley.Server) {
		s.DM().SetOnReceiveMessage(func(_ uint8, _ uint16, message []byte, _ string, _ *user.User) bool {
			if string(message) == "panic" {
				panic("as the test wants")
			}

			return string(message) != "no"
		})
	})
	alice, _ := c.login("alice", 0, false), c.login("bob", 1, false)
	if err := alice.try("carol", "hi"); err == nil {
		t.Error("a message to a user who is not connected had no error")
	}
	send, lookup := spans.named(c, 0, "send", 1), spans.named(c, 0, "lookup", 1)
	wantAttributes(t, send, map[string]string{"parley.outcome": "user not found"})
	wantAttributes(t, lookup, map[string]string{"parley.outcome": "not found"})
	if send.Status.Code != codes.Error || send.Status.Description == "" || lookup.Status.Code == codes.Error {
		t.Errorf("status: send %+v, lookup %+v", send.Status, lookup.Status)
	}
	alice.tell("bob", "no")
	wantAttributes(t, spans.named(c, 0, "send", 2), map[string]string{"parley.outcome": "declined"})
	wantAttributes(t, spans.named(c, 1, "deliver", 1), map[string]string{"parley.outcome": "declined"})
	if err := alice.try("bob", "panic"); err == nil {
		t.Error("a callback that panicked made no error")
	}
	deliver := spans.named(c, 1, "deliver", 2)
	wantAttributes(t, deliver, map[string]string{"parley.outcome": "internal error"})
	if deliver.Status.Code != codes.Error {
		t.Errorf("status: %+v", deliver.Status)
	}
}

func TestTheSendersNodeDecidesWhatIsTraced(t *testing.T) {
	w, spans := tracing(1, -1)
	c := w.newCluster(t, 2, nil)
	alice, bob := c.login("alice", 0, false), c.login("bob", 1, false)
	bob.tell("alice", "not traced")
	alice.tell("bob", "traced")
	wantAttributes(t, spans.named(c, 1, "deliver", 1), map[string]string{"parley.sender": "alice"})
	spans.named(c, 0, "send", 1)
	spans.named(c, 0, "deliver", 0)
	spans.named(c, 1, "send", 0)
}

func TestATraceOfTheProgramGoesOn(t *testing.T) {
	w, spans := tracing(-1, -1)
	c := w.newCluster(t, 2, nil)
	c.login("bob", 1, false)
	from := user.CreateBlankUser(user.NewSID(), "billing")
	send := func(flags trace.TraceFlags) {
		t.Helper()
		parent := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: flags})
		ctx, cancel := context.WithTimeout(trace.ContextWithSpanContext(t.Context(), parent), patience)
		defer cancel()
		if _, err := c.nodes[0].DM().Send(ctx, from, "bob", dm.Message{Ver: 2, Cmd: 1, Body: []byte("hi")}); err != nil {
			t.Fatal(err)
		}
	}
	send(0) // a trace that is not sampled
	send(trace.FlagsSampled)
	sent, delivered := spans.named(c, 0, "send", 1), spans.named(c, 1, "deliver", 1)
	if sent.Parent.SpanID() != (trace.SpanID{2}) || delivered.SpanContext.TraceID() != (trace.TraceID{1}) {
		t.Errorf("send of %v, deliver %v", sent.Parent, delivered.SpanContext)
	}
}

func TestATraceOfAnHTTPRequestGoesOn(t *testing.T) {
	w, spans := tracing(-1)
	traced := w.config
	w.config = func(c *parley.Config) {
		traced(c)
		c.AdminKey = testAdminKey
	}
	c := w.newCluster(t, 1, nil)
	c.login("bob", 0, false)
	for _, traceparent := range []string{"", "nonsense", "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.nodes[0].HTTPAddr()+"/v1/messages",
			strings.NewReader(`{"from":"billing","to":"bob","text":"hi"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+testAdminKey)
		req.Header.Set("Traceparent", traceparent)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("traceparent %q: %s", traceparent, resp.Status)
		}
	}
	if sent := spans.named(c, 0, "send", 1); sent.Parent.SpanID().String() != "0102030405060708" {
		t.Errorf("send of %v", sent.Parent)
	}
}

func TestANodeThatDoesNotTraceIgnoresTheTracesOfOthers(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	first := true
	c := way{config: func(c *parley.Config) {
		if first {
			c.TracerProvider, c.TraceRatio = sdk.NewTracerProvider(sdk.WithSyncer(exporter)), 1
		}
		first = false
	}}.newCluster(t, 2, nil)
	alice, bob := c.login("alice", 0, false), c.login("bob", 1, false)
	alice.tell("bob", "hi")
	bob.hears("alice: hi")
	bob.tell("alice", "hello")
	alice.hears("bob: hello")
	spans{exporter}.named(c, 0, "send", 1)
}

func TestWhereTracesGoIsSaidOnce(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  parley.Config
		want string
	}{
		"no exporter":    {parley.Config{OTLP: "http://127.0.0.1:4318"}, "otlp: this program has no exporter of traces: it must import github.com/parley-dm/parley/otlp"},
		"two ways to go": {parley.Config{OTLP: "http://127.0.0.1:4318", TracerProvider: sdk.NewTracerProvider()}, "otlp: the program has a TracerProvider"},
	} {
		c.cfg.TCP, c.cfg.HTTP, c.cfg.AuthKey = parley.Off, "127.0.0.1:0", testKey
		s, err := parley.New(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Start(t.Context()); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

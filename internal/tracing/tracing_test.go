package tracing

import (
	"context"
	"errors"
	"slices"
	"testing"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-dm/parley/internal/node"
)

var here, there = node.ID{Name: "n1", Incarnation: 1}, node.ID{Name: "n2", Incarnation: 2}

// straight gives packets to the tracer of the other node.
type straight struct {
	self node.ID
	to   *Tracer
	sent [][]byte
	err  error
}

func (s *straight) Self() node.ID { return s.self }

func (s *straight) Send(_ node.ID, packet []byte) error {
	s.sent = append(s.sent, slices.Clone(packet))
	if s.to != nil {
		s.to.HandlePacket(s.self, packet)
	}

	return s.err
}

func newTracer(ratio float64, n Nodes, options ...sdk.TracerProviderOption) *Tracer {
	return New(sdk.NewTracerProvider(append(options, sdk.WithSyncer(tracetest.NewInMemoryExporter()))...), ratio, n)
}

func key(n uint64) Key { return Key{Sender: node.SID{1}, Recipient: node.SID{2}, Epoch: n, Seq: 3} }

func TestASpanIsKnownToTheNodeThatItWasAnnouncedTo(t *testing.T) {
	receiver := newTracer(0, &straight{self: there})
	sender := newTracer(1, &straight{self: here, to: receiver})
	span := sender.Send(t.Context(), Message{Sender: "alice", Recipient: "bob"})
	span.Announce(there, key(1))
	for _, wrong := range []struct {
		from node.ID
		key  Key
	}{{there, key(1)}, {here, key(2)}} {
		if p := receiver.Announced(wrong.from, wrong.key); p != nil {
			t.Errorf("%v is announced as %v", wrong, p)
		}
	}
	p := receiver.Announced(here, key(1))
	if p == nil {
		t.Fatal("it is not announced")
	}
	if got, want := trace.SpanContextFromContext(p.ctx), span.otel.SpanContext().WithRemote(true); !got.Equal(want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
	if again := receiver.Announced(here, key(1)); again != nil {
		t.Errorf("it is there twice: %v", again)
	}
}

func TestMalformedAnnouncementsAreIgnored(t *testing.T) {
	out := &straight{self: here}
	newTracer(1, out).Send(t.Context(), Message{}).Announce(there, key(1))
	whole := out.sent[0]
	receiver := newTracer(1, &straight{self: there})
	for n := range whole {
		receiver.HandlePacket(here, whole[:n])
	}
	receiver.HandlePacket(here, make([]byte, len(whole))) // no trace ID
	if n := receiver.arrived.waiting.Load(); n != 0 {
		t.Errorf("%d were taken", n)
	}
	receiver.HandlePacket(here, append(slices.Clone(whole), "of a later version"...))
	if receiver.Announced(here, key(1)) == nil {
		t.Error("an announcement with further bytes was not taken")
	}
}

func TestAnnouncementsWithoutMessagesAreBounded(t *testing.T) {
	receiver := newTracer(0, &straight{self: there})
	sender := newTracer(1, &straight{self: here, to: receiver, err: errors.New("the queue is full")})
	span := sender.Send(t.Context(), Message{})
	for n := range uint64(3 * maxAnnouncements) {
		span.Announce(there, key(n))
		if n%2 == 0 {
			receiver.Announced(here, key(n))
		}
	}
	if n := receiver.arrived.waiting.Load(); n > maxAnnouncements || n != int64(len(receiver.arrived.spans)) {
		t.Errorf("%d wait, %d are held", n, len(receiver.arrived.spans))
	}
	if receiver.Announced(here, key(3*maxAnnouncements-1)) == nil || receiver.Announced(here, key(1)) != nil {
		t.Error("not the oldest ones were forgotten")
	}
}

func TestSampling(t *testing.T) {
	sampled := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled})
	for name, c := range map[string]struct {
		ratio   float64
		ctx     context.Context
		options []sdk.TracerProviderOption
		want    bool
	}{
		"all":                               {1, t.Context(), nil, true},
		"none":                              {0, t.Context(), nil, false},
		"of a trace":                        {0, trace.ContextWithSpanContext(t.Context(), sampled), nil, true},
		"of a trace that is not sampled":    {1, trace.ContextWithSpanContext(t.Context(), sampled.WithTraceFlags(0)), nil, false},
		"refused by the provider's sampler": {1, t.Context(), []sdk.TracerProviderOption{sdk.WithSampler(sdk.NeverSample())}, false},
	} {
		if span := newTracer(c.ratio, &straight{self: here}, c.options...).Send(c.ctx, Message{}); (span != nil) != c.want {
			t.Errorf("%s: traced is %v", name, span != nil)
		}
	}
	const n, want = 10_000, 2_500
	tracer, traced := newTracer(0.25, &straight{self: here}), 0
	for range n {
		if tracer.Send(t.Context(), Message{}) != nil {
			traced++
		}
	}
	if traced < want-500 || traced > want+500 { // over ten standard deviations
		t.Errorf("%d of %d messages are traced, want about %d", traced, n, want)
	}
}

func TestWithoutATracerThereAreNoSpans(t *testing.T) {
	tracer := New(nil, 1, &straight{self: here})
	span := tracer.Send(t.Context(), Message{})
	if tracer != nil || span != nil || tracer.Deliver(&Parent{}, Message{}) != nil || tracer.Announced(here, key(1)) != nil || span.Lookup() != nil || span.Parent() != nil {
		t.Fatal("there is a span")
	}
	span.Carried(there)
	span.Announce(there, key(1))
	span.Event("nothing")
	span.At(here)
	span.End("", nil)
	tracer.HandlePacket(here, nil)
}

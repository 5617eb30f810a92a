package tracing

import (
	"context"
	"math/rand/v2"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-dm/parley/internal/node"
)

// scope names the spans' instrumentation.
const scope = "github.com/parley-dm/parley"

// Nodes carries packets to the other nodes, on the port of announcements and in the order of the
// messages that follow.
type Nodes interface {
	Self() node.ID
	Send(to node.ID, packet []byte) error
}

// Tracer makes the spans of one node. Nil: none. Its methods are safe for use by several
// goroutines.
type Tracer struct {
	otel    trace.Tracer
	ratio   float64
	self    attribute.KeyValue
	nodes   Nodes
	arrived announcements
}

// New returns a tracer for a node, nil without a provider. Ratio is the part of the messages that
// are traced, from 0 to 1.
func New(provider trace.TracerProvider, ratio float64, nodes Nodes) *Tracer {
	if provider == nil {
		return nil
	}

	return &Tracer{otel: provider.Tracer(scope), ratio: ratio, self: attribute.String("parley.node", nodes.Self().String()), nodes: nodes}
}

// Message is what spans say of a message.
type Message struct {
	Kind      string // message, connect
	Sender    string // user ID
	Recipient string // user ID
	Ver       uint8
	Cmd       uint16
	Bytes     int
}

func (m *Message) attributes(operation, kind string, self attribute.KeyValue) trace.SpanStartEventOption {
	return trace.WithAttributes(
		attribute.String("messaging.system", "parley"),
		attribute.String("messaging.operation.name", operation),
		attribute.String("messaging.operation.type", kind),
		attribute.Int("messaging.message.body.size", m.Bytes),
		attribute.String("parley.kind", m.Kind),
		attribute.String("parley.sender", m.Sender),
		attribute.String("parley.recipient", m.Recipient),
		attribute.Int("parley.ver", int(m.Ver)),
		attribute.Int("parley.cmd", int(m.Cmd)),
		self,
	)
}

// Send begins the span of a message that a session of this node sends. Nil: the message is not
// traced.
func (t *Tracer) Send(ctx context.Context, m Message) *Span {
	if t == nil || !t.sampled(ctx) {
		return nil
	}

	return t.start(ctx, "send", trace.WithSpanKind(trace.SpanKindProducer), m.attributes("send", "send", t.self))
}

// sampled decides about a message of this node.
func (t *Tracer) sampled(ctx context.Context) bool {
	if parent := trace.SpanContextFromContext(ctx); parent.IsValid() {
		return parent.IsSampled()
	}

	return rand.Float64() < t.ratio
}

// Deliver begins the span of a message that has arrived here. Nil without a parent.
func (t *Tracer) Deliver(parent *Parent, m Message) *Span {
	if t == nil || parent == nil {
		return nil
	}

	return t.start(parent.ctx, "deliver", trace.WithSpanKind(trace.SpanKindConsumer), m.attributes("deliver", "process", t.self))
}

// start begins a span. Nil: the provider's own sampler has refused.
func (t *Tracer) start(ctx context.Context, name string, options ...trace.SpanStartOption) *Span {
	ctx, span := t.otel.Start(ctx, name, options...)
	if !span.IsRecording() {
		span.End()

		return nil
	}

	return &Span{otel: span, ctx: ctx, tracer: t}
}

package tracing

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-dm/parley/internal/node"
)

// Span is a step of a message on its way. Nil: the message is not traced.
type Span struct {
	otel   trace.Span
	ctx    context.Context //nolint:containedctx // the parent of the spans below
	tracer *Tracer
}

// Parent is what a span of the recipient's side has to know of send.
type Parent struct {
	ctx context.Context //nolint:containedctx // that of send
}

// Parent is for a recipient on the same node.
func (s *Span) Parent() *Parent {
	if s == nil {
		return nil
	}

	return &Parent{s.ctx}
}

// Lookup begins the span of a question to the directory.
func (s *Span) Lookup() *Span {
	if s == nil {
		return nil
	}

	return s.tracer.start(s.ctx, "lookup", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(s.tracer.self))
}

// Carried notes that the message is about to leave for a node. One that is refused there leaves
// again.
func (s *Span) Carried(to node.ID) {
	if s != nil {
		s.otel.AddEvent("carried", trace.WithAttributes(attribute.String("parley.to", to.String())))
	}
}

// Event notes that something has happened.
func (s *Span) Event(name string) {
	if s != nil {
		s.otel.AddEvent(name)
	}
}

// End ends a span with an outcome. With an error the span has failed.
func (s *Span) End(outcome string, err error) {
	if s == nil {
		return
	}
	s.otel.SetAttributes(attribute.String("parley.outcome", outcome))
	if err != nil {
		s.otel.SetStatus(codes.Error, err.Error())
	}
	s.otel.End()
}

// At notes the node that an answer has named.
func (s *Span) At(n node.ID) {
	if s != nil {
		s.otel.SetAttributes(attribute.String("parley.at", n.String()))
	}
}

// Asked notes the node that is asked.
func (s *Span) Asked(owner node.ID) {
	if s != nil && !owner.IsZero() {
		s.otel.SetAttributes(attribute.String("parley.owner", owner.String()))
	}
}

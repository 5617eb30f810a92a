package demopage

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Recorder makes a Message of the spans of each message that a user of the node sends. It is the
// node's provider of spans: no more of the engine is needed to see a message's way.
type Recorder struct {
	noop.TracerProvider

	add func(Message)
}

var _ trace.TracerProvider = (*Recorder)(nil)

// NewRecorder gives what it records to add, which must not block.
func NewRecorder(add func(Message)) *Recorder { return &Recorder{add: add} }

// Tracer implements trace.TracerProvider.
func (r *Recorder) Tracer(string, ...trace.TracerOption) trace.Tracer { return recorderTracer{r: r} }

type recorderTracer struct {
	noop.Tracer

	r *Recorder
}

// sent is the span of a message. What the recipient's side does of it has no span here.
type sent struct {
	noop.Span

	r     *Recorder
	since time.Time

	mu sync.Mutex
	m  Message // guarded by mu
}

// sentKey is where the context of a message's spans has the sent.
type sentKey struct{}

// lookedUp is the span of a lookup for a message.
type lookedUp struct {
	noop.Span

	of *sent
}

// Start implements trace.Tracer.
func (t recorderTracer) Start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	switch name {
	case "send":
		s := &sent{r: t.r, since: time.Now()}
		config := trace.NewSpanStartConfig(opts...)
		for _, a := range config.Attributes() {
			s.set(a)
		}

		return context.WithValue(ctx, sentKey{}, s), s
	case "lookup":
		if s, ok := ctx.Value(sentKey{}).(*sent); ok {
			return ctx, &lookedUp{of: s}
		}
	}

	return ctx, noop.Span{}
}

// IsRecording implements trace.Span.
func (s *sent) IsRecording() bool { return true }

// IsRecording implements trace.Span.
func (l *lookedUp) IsRecording() bool { return true }

// SetAttributes implements trace.Span.
func (s *sent) SetAttributes(attributes ...attribute.KeyValue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range attributes {
		s.set(a)
	}
}

// AddEvent implements trace.Span.
func (s *sent) AddEvent(_ string, opts ...trace.EventOption) {
	config := trace.NewEventConfig(opts...)
	s.SetAttributes(config.Attributes()...)
}

// SetAttributes implements trace.Span.
func (l *lookedUp) SetAttributes(attributes ...attribute.KeyValue) {
	for _, a := range attributes {
		if a.Key == "parley.owner" {
			l.of.SetAttributes(a)
		}
	}
}

// set takes what the page shows.
func (s *sent) set(a attribute.KeyValue) {
	switch a.Key {
	case "parley.sender":
		s.m.From = a.Value.AsString()
	case "parley.recipient":
		s.m.To = a.Value.AsString()
	case "parley.kind":
		s.m.Kind = a.Value.AsString()
	case "parley.node":
		s.m.Via = nameOf(a.Value.AsString())
	case "parley.to":
		s.m.At = nameOf(a.Value.AsString())
	case "parley.owner":
		s.m.Owner = nameOf(a.Value.AsString())
	case "parley.outcome":
		s.m.Outcome = a.Value.AsString()
	case "messaging.message.body.size":
		s.m.Bytes = int(a.Value.AsInt64())
	}
}

// End implements trace.Span.
func (s *sent) End(...trace.SpanEndOption) {
	s.mu.Lock()
	m := s.m
	s.mu.Unlock()
	m.Micros = time.Since(s.since).Microseconds()
	switch {
	case m.Owner != "":
		m.Way = Lookup
	case m.At == m.Via:
		m.Way = Local
	default:
		m.Way = Link
	}
	s.r.add(m)
}

// nameOf is the name in a node ID.
func nameOf(id string) string {
	name, _, _ := strings.Cut(id, "#")

	return name
}

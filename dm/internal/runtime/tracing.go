package runtime

import (
	"context"

	"github.com/parley-dm/parley/dm/internal/codec"
	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/tracing"
)

// Messages that are traced: see package tracing. Where it is off Runtime.tracer is nil, and all of
// this costs comparisons with nil.

// traced is the owner of an item that is traced, around the completion that it would have.
type traced struct {
	completion // nil: nothing waits for the outcome

	span *tracing.Span
}

func (t *traced) completed(s *session, o core.Outcome, err error) {
	t.span.End(outcomeName(o), err)
	if t.completion != nil {
		t.completion.completed(s, o, err)
	}
}

// traced begins the span of a message that is about to be queued, and returns what is to be told of
// its outcome: c, unless the message is traced.
func (s *session) traced(ctx context.Context, conv *core.Conversation, kind core.Kind, ver uint8, cmd uint16, body []byte, c completion) completion {
	span := s.m.tracer.Send(ctx, tracing.Message{
		Kind: kind.String(), Sender: s.user.ID, Recipient: conv.Peer(), Ver: ver, Cmd: cmd, Bytes: len(body),
	})
	if span == nil {
		return c
	}

	return &traced{completion: c, span: span}
}

// spanOf is the span of an item, nil if it is not traced.
func (m *Runtime) spanOf(it *core.Item) *tracing.Span {
	if m.tracer == nil {
		return nil
	}
	if t, ok := it.Owner.(*traced); ok {
		return t.span
	}

	return nil
}

// announced is the span of an item that has come from another node, nil if it is not traced.
func (m *Runtime) announced(in *codec.Item) *tracing.Parent {
	if m.tracer == nil {
		return nil
	}

	return m.tracer.Announced(in.From.Node, tracing.Key{Sender: in.From.SID, Recipient: in.To, Epoch: in.Epoch, Seq: in.Seq})
}

// trace begins the span of a delivery.
func (d *delivery) trace(parent *tracing.Parent) {
	s := d.s
	d.span = s.m.tracer.Deliver(parent, tracing.Message{
		Kind: d.Kind.String(), Sender: d.from, Recipient: s.user.ID, Ver: d.ver, Cmd: d.cmd, Bytes: len(d.body),
	})
}

// endTrace ends the span of a delivery with what is answered.
func (d *delivery) endTrace(o core.Outcome) {
	if d.span != nil {
		d.span.End(outcomeName(o), outcomeError(o, d.s.user.ID))
	}
}

// endLookup ends the span of a lookup: a place, or an outcome other than Delivered.
func endLookup(span *tracing.Span, at core.Node, o core.Outcome) {
	if span == nil {
		return
	}
	switch o { //nolint:exhaustive // a lookup has no others
	case core.Delivered:
		span.At(at)
		span.End("found", nil)
	case core.NotFound:
		span.End("not found", nil)
	case core.Timeout:
		span.End("given up", nil)
	default:
		span.End("failed", outcomeError(o, ""))
	}
}

// outcomeName is an outcome in words, as the sender is told it.
func outcomeName(o core.Outcome) string {
	if code := codes[o]; code != 0 {
		return code.String()
	}

	return receipt(o).Result.String()
}

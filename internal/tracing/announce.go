package tracing

import (
	"context"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"

	"github.com/parley-dm/parley/internal/node"
)

// Key names a message on a link.
type Key struct {
	Sender    node.SID
	Recipient node.SID
	Epoch     uint64
	Seq       uint32
}

// An announcement is, big-endian:
//
//	sender SID | recipient SID | epoch u64 | seq u32 | trace ID 16 bytes | span ID 8 bytes | flags u8
//
// Further bytes are ignored: later versions may add to it. Only sampled messages are announced.
const announcementSize = 16 + 16 + 8 + 4 + 16 + 8 + 1

// Announce tells the node to which a message is about to be sent of its span.
func (s *Span) Announce(to node.ID, k Key) {
	if s == nil {
		return
	}
	span := s.otel.SpanContext()
	if !span.IsSampled() {
		return
	}
	id, of := span.SpanID(), span.TraceID()
	b := make([]byte, 0, announcementSize)
	b = append(append(b, k.Sender[:]...), k.Recipient[:]...)
	b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(b, k.Epoch), k.Seq)
	b = append(append(append(b, of[:]...), id[:]...), byte(span.TraceFlags()))
	_ = s.tracer.nodes.Send(to, b) // without it the trace ends here
}

// HandlePacket takes an announcement of another node. One that is malformed costs the trace its
// last span.
func (t *Tracer) HandlePacket(from node.ID, packet []byte) {
	if t == nil || len(packet) < announcementSize {
		return
	}
	r := node.Reader{B: packet}
	k := Key{Sender: r.SID(), Recipient: r.SID(), Epoch: r.U64(), Seq: r.U32()}
	cfg := trace.SpanContextConfig{Remote: true}
	copy(cfg.TraceID[:], r.Take(len(cfg.TraceID)))
	copy(cfg.SpanID[:], r.Take(len(cfg.SpanID)))
	cfg.TraceFlags = trace.TraceFlags(r.U8())
	if span := trace.NewSpanContext(cfg); span.IsValid() && span.IsSampled() {
		t.arrived.add(announced{from, k}, span)
	}
}

// Announced takes out what was announced of a message that has come from another node. Nil:
// nothing was.
func (t *Tracer) Announced(from node.ID, k Key) *Parent {
	if t == nil || t.arrived.waiting.Load() == 0 {
		return nil
	}

	return t.arrived.take(announced{from, k})
}

// maxAnnouncements bounds the announcements whose messages have not come. The message follows on
// the same link, unless it could not be sent.
const maxAnnouncements = 1024

type announced struct {
	from node.ID
	key  Key
}

// announcements are those whose messages have not come.
type announcements struct {
	waiting atomic.Int64 // length of spans

	mu     sync.Mutex
	spans  map[announced]trace.SpanContext // guarded by mu
	latest []announced                     // guarded by mu; ring of the latest keys, those that were taken out included
	next   int                             // guarded by mu; where the next one goes
}

func (a *announcements) add(k announced, span trace.SpanContext) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.spans == nil {
		a.spans, a.latest = make(map[announced]trace.SpanContext), make([]announced, maxAnnouncements)
	}
	delete(a.spans, a.latest[a.next])
	a.spans[k], a.latest[a.next] = span, k
	a.next = (a.next + 1) % maxAnnouncements
	a.waiting.Store(int64(len(a.spans)))
}

func (a *announcements) take(k announced) *Parent {
	a.mu.Lock()
	defer a.mu.Unlock()
	span, ok := a.spans[k]
	if !ok {
		return nil
	}
	delete(a.spans, k)
	a.waiting.Store(int64(len(a.spans)))

	return &Parent{trace.ContextWithRemoteSpanContext(context.Background(), span)}
}

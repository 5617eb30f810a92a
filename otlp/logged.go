package otlp

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// logPause is the least time between two lines about spans that were lost.
const logPause = 30 * time.Second

// logged is an exporter whose failures go to the node's log. The batcher calls it from one
// goroutine at a time.
type logged struct {
	sdk.SpanExporter

	log  *slog.Logger
	last atomic.Int64 // when a line was logged, in nanoseconds
	lost atomic.Int64 // spans since then
}

// ExportSpans implements sdk.SpanExporter.
func (l *logged) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := l.SpanExporter.ExportSpans(ctx, spans)
	if err == nil {
		return nil
	}
	l.lost.Add(int64(len(spans)))
	last, now := l.last.Load(), time.Now().UnixNano()
	if now-last >= int64(logPause) && l.last.CompareAndSwap(last, now) {
		l.log.Warn("traces were lost: their receiver did not take them", "spans", l.lost.Swap(0), "error", err)
	}

	return nil // the line above is all that there is to do
}

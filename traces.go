package parley

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/demopage"
	"github.com/parley-dm/parley/internal/tracing"
)

// flushTime bounds how long a stopping node waits for the receiver of its traces.
const flushTime = 2 * time.Second

// traces are where the node's spans go.
type traces struct {
	provider trace.TracerProvider // of the program, or of exporting; nil: tracing is off
	exporter *tracing.Exporting   // nil: the program's own OpenTelemetry exports, or tracing is off
}

// SetTracerProvider gives the default node a provider of spans: see [Config.TracerProvider]. It
// must be called before Start.
func SetTracerProvider(p trace.TracerProvider) { later(func(s *Server) { s.traces.provider = p }) }

// startTraces starts the exporter of spans, if one is asked for.
func (s *Server) startTraces() error {
	switch {
	case s.traces.provider != nil && s.cfg.OTLP != "":
		return fmt.Errorf("%s: the program has a TracerProvider, which takes its place: give one of them", s.cfg.Where("otlp"))
	case s.traces.provider != nil:
		return nil
	case s.dev != nil: // all messages are traced for its page
		s.traces.provider, s.cfg.TraceRatio = demopage.NewRecorder(s.dev.reporter.Add), 1

		return nil
	case s.cfg.OTLP != "" && !tracing.Registered():
		return fmt.Errorf("%s: this program has no exporter of traces: it must import github.com/parley-dm/parley/otlp", s.cfg.Where("otlp"))
	}
	exporter, err := tracing.Open(tracing.Settings{URL: s.cfg.OTLP, Node: s.NodeID(), Log: s.log})
	if err != nil || exporter == nil {
		return err
	}
	s.traces = traces{exporter.Provider, exporter}
	s.log.Info("messages are traced", "part", max(0, s.cfg.TraceRatio))

	return nil
}

// newTracer is the tracer of the node's messages, nil if none are traced.
func (s *Server) newTracer() *tracing.Tracer {
	t := tracing.New(s.traces.provider, max(0, s.cfg.TraceRatio), s.cluster.Sender(cluster.PortTraces))
	if t != nil {
		s.cluster.Handle(cluster.PortTraces, t.HandlePacket)
	}

	return t
}

// stopTraces sends the spans that are left.
func (s *Server) stopTraces(ctx context.Context) {
	if s.traces.exporter == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	if err := s.traces.exporter.Stop(ctx); errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("the last traces were not sent in time", "within", flushTime.String())
	}
}

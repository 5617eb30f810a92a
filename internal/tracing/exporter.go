package tracing

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// Settings are what an exporter is told of its node.
type Settings struct {
	URL  string // where spans go; empty: where the environment says, if it does
	Node string // name and incarnation
	Log  *slog.Logger
}

// Exporting is an exporter at work.
type Exporting struct {
	Provider trace.TracerProvider
	// Stop sends what is left, until ctx ends: then its error says so.
	Stop func(ctx context.Context) error
}

// Opener starts an exporter. Nil without an error: neither the settings nor the environment ask for
// one.
type Opener = func(Settings) (*Exporting, error)

var opener Opener

// Register tells how an exporter is started. Package otlp calls it when the program begins.
func Register(f Opener) { opener = f }

// Registered tells whether the program has an exporter.
func Registered() bool { return opener != nil }

// Open starts the program's exporter, nil if it has none.
func Open(s Settings) (*Exporting, error) {
	if opener == nil {
		return nil, nil //nolint:nilnil // tracing is off
	}

	return opener(s)
}

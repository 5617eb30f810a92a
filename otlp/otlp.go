package otlp

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"runtime/debug"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/parley-dm/parley/internal/tracing"
)

func init() { tracing.Register(open) } //nolint:gochecknoinits // the program imports this package for it

// open is a tracing.Opener.
func open(s tracing.Settings) (*tracing.Exporting, error) {
	var options []otlptracehttp.Option
	switch {
	case s.URL != "":
		at, err := url.JoinPath(s.URL, "v1", "traces")
		if err != nil {
			return nil, fmt.Errorf("otlp: %w", err)
		}
		options = append(options, otlptracehttp.WithEndpointURL(at))
	case !asked():
		return nil, nil //nolint:nilnil // tracing is off
	case protocol() != "" && !strings.HasPrefix(protocol(), "http/"):
		s.Log.Warn("messages are not traced: OTEL_EXPORTER_OTLP_PROTOCOL asks for a protocol that is not spoken; give http/protobuf, and the receiver's "+
			"endpoint for it", "protocol", protocol())

		return nil, nil //nolint:nilnil // tracing is off
	}
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("otlp: %w", err)
	}
	resource, err := describe(ctx, s.Node)
	if err != nil {
		s.Log.Warn("traces lack a part of what the environment says of this process", "error", err)
	}
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sdk.AlwaysSample()), // the tracer has decided
		sdk.WithResource(resource),
		sdk.WithBatcher(&logged{SpanExporter: exporter, log: s.Log}),
	)

	stop := func(ctx context.Context) error {
		err := provider.Shutdown(ctx)
		_ = exporter.Shutdown(ctx) // it gives up what is under way: the provider has not if ctx has ended

		return err
	}

	return &tracing.Exporting{Provider: provider, Stop: stop}, nil
}

// asked tells whether the environment asks for an exporter.
func asked() bool {
	if strings.EqualFold(os.Getenv("OTEL_SDK_DISABLED"), "true") || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}

	return either("ENDPOINT") != ""
}

// protocol is the one that the environment asks for; empty: none.
func protocol() string { return either("PROTOCOL") }

// either is a variable of the exporter: that of traces, or else that of all signals.
func either(name string) string {
	if v := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_" + name); v != "" {
		return v
	}

	return os.Getenv("OTEL_EXPORTER_OTLP_" + name)
}

// describe says what this process is. The environment counts more.
func describe(ctx context.Context, node string) (*resource.Resource, error) {
	about := []attribute.KeyValue{attribute.String("service.name", "parley"), attribute.String("service.instance.id", node)}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		about = append(about, attribute.String("service.version", info.Main.Version))
	}

	return resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(about...), resource.WithFromEnv())
}

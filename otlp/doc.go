// Package otlp exports a node's traces to an OpenTelemetry receiver, by OTLP over HTTP. A program
// imports it for its effect:
//
//	import _ "github.com/parley-dm/parley/otlp"
//
// From then on a node exports if its setting otlp (parley.Config.OTLP) names a receiver, or if the
// environment does: OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT, unless
// OTEL_SDK_DISABLED is true or OTEL_TRACES_EXPORTER is none. The other variables of OpenTelemetry
// are kept to as well: headers and certificates of the exporter (OTEL_EXPORTER_OTLP_…), its queue
// (OTEL_BSP_…), and OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES. OTEL_TRACES_SAMPLER has no
// effect: the setting trace_ratio takes its place.
//
// A program that has an OpenTelemetry of its own gives the node its provider instead
// (parley.Config.TracerProvider), and needs no exporter of this package. So it stands outside
// package parley: the exporter and what it depends on take some megabytes of a program.
//
// # Limits
//
// OTLP by gRPC is not spoken. Spans wait in memory, 2,048 at most (OTEL_BSP_MAX_QUEUE_SIZE); what
// finds no room is dropped without a word, and what the receiver does not take within a minute is
// dropped, too. Of the latter the log tells, at most once in 30 s.
package otlp

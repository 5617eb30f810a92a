package otlp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/parley-dm/parley/internal/tracing"
)

// receiver is an OTLP receiver that keeps what it is sent.
type receiver struct {
	*httptest.Server

	mu      sync.Mutex
	status  int               // guarded by mu; 0: 200
	paths   map[string]int    // guarded by mu; requests by path
	service map[string]string // guarded by mu; attributes of the resource
	spans   map[string]int    // guarded by mu; by name
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{paths: map[string]int{}, service: map[string]string{}, spans: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var in collector.ExportTraceServiceRequest
		if err == nil {
			err = proto.Unmarshal(body, &in)
		}
		if err != nil {
			t.Errorf("%s: %v", req.URL, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.paths[req.URL.Path]++
		if r.status != 0 {
			w.WriteHeader(r.status)

			return
		}
		for _, of := range in.GetResourceSpans() {
			for _, a := range of.GetResource().GetAttributes() {
				r.service[a.GetKey()] = a.GetValue().GetStringValue()
			}
			for _, scope := range of.GetScopeSpans() {
				for _, s := range scope.GetSpans() {
					r.spans[s.GetName()]++
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})

	return r
}

// export makes a span and stops the exporter, which sends it.
func export(t *testing.T, s tracing.Settings) error {
	t.Helper()
	e, err := tracing.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	if e == nil {
		t.Fatal("there is no exporter")
	}
	_, span := e.Provider.Tracer("test").Start(t.Context(), "send", trace.WithSpanKind(trace.SpanKindProducer))
	span.End()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()

	return e.Stop(ctx)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestSpansGoToTheReceiverOfTheSettings(t *testing.T) {
	for _, suffix := range []string{"", "/", "/base"} {
		r := newReceiver(t)
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1") // the setting counts more
		if err := export(t, tracing.Settings{URL: r.URL + suffix, Node: "n1#1", Log: quiet()}); err != nil {
			t.Error(err)
		}
		at := strings.TrimSuffix(suffix, "/") + "/v1/traces"
		if r.paths[at] != 1 || len(r.paths) != 1 || r.spans["send"] != 1 {
			t.Errorf("%q: requests %v, want one to %s; spans %v", suffix, r.paths, at, r.spans)
		}
		if r.service["service.name"] != "parley" || r.service["service.instance.id"] != "n1#1" {
			t.Errorf("the resource is %v", r.service)
		}
	}
}

func TestSpansGoToTheReceiverOfTheEnvironment(t *testing.T) {
	r := newReceiver(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	t.Setenv("OTEL_SERVICE_NAME", "lobby")
	if err := export(t, tracing.Settings{Node: "n1#1", Log: quiet()}); err != nil {
		t.Error(err)
	}
	if r.paths["/v1/traces"] != 1 || r.service["service.name"] != "lobby" {
		t.Errorf("requests %v, resource %v", r.paths, r.service)
	}
}

func TestNothingIsExportedUnlessAskedFor(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"nothing set":  nil,
		"sdk disabled": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_SDK_DISABLED": "true"},
		"no exporter":  {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_TRACES_EXPORTER": "none"},
		"grpc":         {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range env {
				t.Setenv(k, v)
			}
			var log bytes.Buffer
			e, err := tracing.Open(tracing.Settings{Log: slog.New(slog.NewTextHandler(&log, nil))})
			if e != nil || err != nil {
				t.Errorf("%v, %v", e, err)
			}
			if told := strings.Contains(log.String(), "OTEL_EXPORTER_OTLP_PROTOCOL"); told != (name == "grpc") {
				t.Errorf("the log: %q", log.String())
			}
		})
	}
}

func TestTheLogTellsOfSpansThatWereLost(t *testing.T) {
	r := newReceiver(t)
	r.status = http.StatusBadRequest // which is not tried again
	var log bytes.Buffer
	if err := export(t, tracing.Settings{URL: r.URL, Log: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "traces were lost") || !strings.Contains(log.String(), "spans=1") {
		t.Errorf("the log: %q", log.String())
	}
}

func TestAStopDoesNotWaitLongForTheReceiver(t *testing.T) {
	r := newReceiver(t)
	r.status = http.StatusServiceUnavailable // which is tried again for a minute
	e, err := tracing.Open(tracing.Settings{URL: r.URL, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	_, span := e.Provider.Tracer("test").Start(t.Context(), "send")
	span.End()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := e.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

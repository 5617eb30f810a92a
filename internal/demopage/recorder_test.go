package demopage

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

func keyValue(key, value string) attribute.KeyValue { return attribute.String(key, value) }

// attributes are those of a span or of an event, by name and value.
func attributes(pairs ...string) trace.SpanStartEventOption {
	var list []attribute.KeyValue
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, keyValue(pairs[i], pairs[i+1]))
	}

	return trace.WithAttributes(list...)
}

func TestTheRecorderTellsAMessagesWay(t *testing.T) {
	for want, row := range map[string]struct {
		owner, to, outcome string
	}{
		"local  of n1 to n1 asked ":    {"", "n1", "delivered"},
		"link  of n1 to n2 asked ":     {"", "n2", "declined"},
		"lookup  of n1 to n2 asked n3": {"n3", "n2", "delivered"},
		"lookup  of n1 to  asked n1":   {"n1", "", "user not found"},
		"lookup  of n1 to n1 asked n2": {"n2", "n1", "timeout"},
		"link  of n1 to  asked ":       {"", "", "overloaded"},
	} {
		var got []Message
		tracer := NewRecorder(func(m Message) { got = append(got, m) }).Tracer("")
		ctx, send := tracer.Start(t.Context(), "send", attributes("parley.node", "n1#1", "parley.sender", "ada", "parley.recipient", "ben", "parley.kind", "message"))
		if row.owner != "" {
			_, lookup := tracer.Start(ctx, "lookup")
			lookup.SetAttributes(keyValue("parley.owner", row.owner+"#9"), keyValue("parley.at", "n7#7"), keyValue("parley.outcome", "found"))
			lookup.End()
		}
		if row.to != "" {
			send.AddEvent("carried", attributes("parley.to", "n8#8")) // refused there
			send.AddEvent("carried", attributes("parley.to", row.to+"#1"))
		}
		_, deliver := tracer.Start(ctx, "deliver")
		if deliver.IsRecording() {
			t.Error("the recipient's side is recorded")
		}
		send.SetAttributes(keyValue("parley.outcome", row.outcome))
		send.End()
		if len(got) != 1 {
			t.Fatalf("%d messages", len(got))
		}
		m := got[0]
		if text := fmt.Sprintf("%s  of %s to %s asked %s", m.Way, m.Via, m.At, m.Owner); text != want || m.Outcome != row.outcome || m.From != "ada" || m.To != "ben" {
			t.Errorf("got %q (%+v), want %q", text, m, want)
		}
	}
}

package metrics

import (
	"github.com/parley-dm/parley/internal/hook"
	"github.com/parley-dm/parley/internal/latency"
)

func hookRows() []Row {
	return []Row{
		counters(ofHook, "parley_hook_requests_total", "result",
			"Requests to the webhook; skipped: questions that were not asked, because the ones before them failed.",
			func(h *hook.Stats) map[string]uint64 {
				return map[string]uint64{"answered": h.Answered, "failed": h.Failed, "skipped": h.Skipped}
			}),
		times(ofHook, "parley_hook_seconds", "How long the webhook took to answer.", func(h *hook.Stats) latency.Snapshot { return h.Times }),
		counter(ofHook, "parley_hook_events_dropped_total", "Users who came or went and of whom the webhook was not told.",
			func(h *hook.Stats) uint64 { return h.Dropped }),
	}
}

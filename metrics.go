package parley

import (
	"context"
	"net/http"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/metrics"
	"github.com/parley-dm/parley/internal/storages"
)

// metricsHandler is what /metrics shows.
func (s *Server) metricsHandler() http.Handler { return httpapi.Metrics(metrics.Table(), s.readings) }

func (s *Server) readings() metrics.Readings {
	r := metrics.Readings{
		Node: s.cfg.Node, Ready: s.Ready() == nil, Messages: s.dm.Stats(), Traffic: s.messages.Traffic(), Panics: s.router.Panics(),
		Queues: s.queueMemory, Login: s.loginTimes.Snapshot(), Probes: s.operator.Probes(),
		Storages: storages.Of(s.dive).Stats(context.Background()),
	}
	if s.gateway != nil {
		stats := s.gateway.Stats()
		r.Gateway, r.Queued = &stats, s.gateway.Queued()
	}
	if s.webhook != nil {
		r.Hook = s.webhook.Stats()
	}
	if s.takesUsers.Load() { // the parts that join makes are there
		r.Members = len(s.cluster.Members())
		users, links := s.directory.Stats(), s.cluster.Stats()
		r.Directory, r.Links = &users, &links
	}

	return r
}

package parley

import (
	"net/http"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/hook"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/link"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/internal/quota"
)

// readings are the counters of a node's parts, read for one scrape. Nil pointers: the node is not a
// member yet.
type readings struct {
	node   string
	ready  bool
	dm     dm.Stats
	moved  messages.Traffic
	panics uint64 // of handlers

	gateway *gateway.Stats
	queued  int64
	queues  *quota.Pool
	hook    hook.Stats
	login   latency.Snapshot

	members   int
	directory *directory.Stats
	links     *link.Stats
	probes    latency.Snapshot
}

// metricsHandler is what /metrics shows.
func (s *Server) metricsHandler() http.Handler { return httpapi.Metrics(metricsTable(), s.readings) }

func (s *Server) readings() readings {
	s.probe()
	r := readings{
		node: s.cfg.Node, ready: s.Ready() == nil, dm: s.dm.Stats(), moved: s.messages.Traffic(), panics: s.router.Panics(),
		queues: s.queueMemory,
		login:  s.loginTimes.Snapshot(), probes: s.probeTimes.Snapshot(),
	}
	if s.gateway != nil {
		stats := s.gateway.Stats()
		r.gateway, r.queued = &stats, s.gateway.Queued()
	}
	if s.webhook != nil {
		r.hook = s.webhook.Stats()
	}
	if s.takesUsers.Load() { // the parts that join makes are there
		r.members = len(s.cluster.Members())
		users, links := s.directory.Stats(), s.cluster.Stats()
		r.directory, r.links = &users, &links
	}

	return r
}

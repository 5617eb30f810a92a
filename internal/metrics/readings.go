package metrics

import (
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/hook"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/link"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/quota"
	"github.com/parley-dm/parley/internal/storages"
)

// Readings are the counters of a node's parts, read for one scrape. Nil: that part is not there,
// or not yet.
type Readings struct {
	Node     string // its name
	Ready    bool
	Members  int
	Messages dm.Stats
	Traffic  messages.Traffic
	Panics   uint64 // of handlers
	Queues   *quota.Pool
	Hook     hook.Stats
	Login    latency.Snapshot // of claims
	Probes   latency.Snapshot // of packets to other nodes and their answers

	Gateway   *gateway.Stats
	Queued    int64 // bytes that wait for clients
	Directory *directory.Stats
	Links     *link.Stats
	Storages  storages.Stats
}

// part finds what one part of a node tells of itself; nil if it is not there.
type part[P any] func(r *Readings) *P

// The parts.
var (
	ofNode      part[Readings]         = func(r *Readings) *Readings { return r }
	ofMessages  part[dm.Stats]         = func(r *Readings) *dm.Stats { return &r.Messages }
	ofTraffic   part[messages.Traffic] = func(r *Readings) *messages.Traffic { return &r.Traffic }
	ofQueues    part[quota.Pool]       = func(r *Readings) *quota.Pool { return r.Queues }
	ofHook      part[hook.Stats]       = func(r *Readings) *hook.Stats { return &r.Hook }
	ofGateway   part[gateway.Stats]    = func(r *Readings) *gateway.Stats { return r.Gateway }
	ofDirectory part[directory.Stats]  = func(r *Readings) *directory.Stats { return r.Directory }
	ofLinks     part[link.Stats]       = func(r *Readings) *link.Stats { return r.Links }
	ofNATS      part[natsnode.Stats]   = func(r *Readings) *natsnode.Stats { return r.Storages.Node }
)

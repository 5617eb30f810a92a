package operator

import (
	"context"
	"errors"
	"time"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/overview"
	"github.com/parley-dm/parley/wire"
)

// overviewTime bounds what a round of the dashboard waits for other nodes.
const overviewTime = 800 * time.Millisecond

// Pictures implements httpapi.Backend.
func (o *Operator) Pictures(ctx context.Context, send func(picture []byte) error) error {
	err := o.watch.Pictures(ctx, send)
	switch {
	case errors.Is(err, overview.ErrTooMany):
		return httpapi.FromCode(wire.CodeOverloaded, err.Error())
	case errors.Is(err, overview.ErrStopped):
		return httpapi.FromCode(wire.CodeNodesNotFound, err.Error())
	}

	return err
}

// askOverview asks all members for their parts of the dashboard. A node that is not a member
// describes itself.
func (o *Operator) askOverview(ctx context.Context, after func(id string) uint64) overview.Round {
	r := overview.Round{At: time.Now(), By: o.cfg.Cluster.Self().String()}
	var members []node.ID
	if o.cfg.TakesUsers() {
		members = o.cfg.Cluster.Members()
	}
	if len(members) == 0 {
		r.Answers = []overview.Answer{{ID: r.By, Node: o.cfg.Overview(after(r.By))}}

		return r
	}
	ctx, cancel := context.WithTimeout(ctx, overviewTime)
	defer cancel()
	r.Answers = o.peers.Overview(ctx, members, after)
	r.At = time.Now()

	return r
}

// RoundTrips tells how long the last probe of each node and its echo took.
func (o *Operator) RoundTrips() map[node.ID]time.Duration { return o.peers.RoundTrips() }

// Since is when the node was made.
func (o *Operator) Since() time.Time { return o.since }

// Overview implements admin.Local.
func (l local) Overview(after uint64) *overview.Node { return l.o.cfg.Overview(after) }

package bucket

import (
	"context"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// leaderInterval is how often a bucket that is used asks which core node leads its stream.
const leaderInterval = 2 * time.Second

// conn is the connection for the next request: to the core node that leads the stream, if it is
// known and there is one.
func (b *Bucket) conn() *nats.Conn {
	if b.cfg.ConnTo == nil {
		return b.nc
	}
	if !b.used.Load() {
		b.used.Store(true)
	}
	name, _ := b.leader.Load().(string)

	return b.cfg.ConnTo(name)
}

// FollowLeader keeps in mind which core node leads the stream, until ctx ends: requests go straight
// there. It asks on the node's own connection, so that a leader that is cut off is not believed.
func (b *Bucket) FollowLeader(ctx context.Context) {
	t := time.NewTicker(leaderInterval)
	defer t.Stop()
	for {
		if b.used.Swap(false) {
			if cluster := b.cluster(ctx); cluster != nil {
				b.leader.Store(cluster.Leader)
			}
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// cluster is what the engine tells of the nodes of the stream; nil if it does not.
func (b *Bucket) cluster(ctx context.Context) *jetstream.ClusterInfo {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	stream, err := b.js.Stream(ctx, b.stream) // with the newest of what is told of it
	if err != nil {
		return nil
	}

	return stream.CachedInfo().Cluster
}

// UpToDate tells whether all replicas have all that their leader has.
func (b *Bucket) UpToDate(ctx context.Context) bool {
	cluster := b.cluster(ctx)
	if cluster == nil || cluster.Leader == "" || len(cluster.Replicas)+1 < b.cfg.Replicas {
		return false
	}

	return !slices.ContainsFunc(cluster.Replicas, func(p *jetstream.PeerInfo) bool { return !p.Current || p.Offline })
}

package parley

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/overview"
	"github.com/parley-dm/parley/wire"
)

// overviewTime bounds what a round of the dashboard waits for other nodes.
const overviewTime = 800 * time.Millisecond

// Pictures implements httpapi.Backend.
func (o operator) Pictures(ctx context.Context, send func(picture []byte) error) error {
	err := o.s.watch.Pictures(ctx, send)
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
func (s *Server) askOverview(ctx context.Context, after func(id string) uint64) overview.Round {
	r := overview.Round{At: time.Now(), By: s.NodeID()}
	var members []node.ID
	if s.takesUsers.Load() {
		members = s.cluster.Members()
	}
	if len(members) == 0 {
		r.Answers = []overview.Answer{{ID: r.By, Node: local{s}.Overview(after(r.By))}}

		return r
	}
	ctx, cancel := context.WithTimeout(ctx, overviewTime)
	defer cancel()
	r.Answers = s.peers.Overview(ctx, members, after)
	r.At = time.Now()

	return r
}

// Overview implements admin.Local.
func (l local) Overview(after uint64) *overview.Node {
	s := l.s
	s.probe()
	n := &overview.Node{
		ID: s.NodeID(), Started: s.since.UTC(), Age: time.Since(s.since), Ready: true,
		QueueBytes: s.queueMemory.Used(), QueueLimit: s.queueMemory.Limit(), Views: s.views.After(after),
	}
	switch err := s.Ready(); {
	case s.stopping.Load():
		n.Ready, n.Reason = false, "it stops, and sends its users to other nodes"
	case err != nil:
		n.Ready, n.Reason = false, strings.TrimPrefix(err.Error(), "parley: ")
	}
	moved := s.messages.Traffic()
	sent := s.dm.Stats()
	n.Counters = map[string]map[string]uint64{
		overview.Ways: some(map[string]uint64{"local": moved.Local, "link": moved.Linked, "lookup": sent.Lookups}),
		overview.Outcomes: some(map[string]uint64{
			"delivered": sent.Delivered, "declined": sent.Declined, "dropped": sent.Dropped, "timeout": sent.TimedOut, "message_nil": sent.Nil,
			"nodes_not_found": sent.NodesNotFound, "user_not_found": sent.UserNotFound, "too_large": sent.TooLarge,
			"recipient_busy": sent.RecipientBusy, "overloaded": sent.Overloaded, "internal": sent.Internal, "malformed": sent.Malformed,
		}),
	}
	n.Times = map[string]overview.Times{
		"lookup": overview.TimesOf(moved.LookupTime), "callback": overview.TimesOf(moved.CallbackTime),
		"login": overview.TimesOf(s.loginTimes.Snapshot()), "round_trip": overview.TimesOf(s.probeTimes.Snapshot()),
	}
	if s.webhook != nil {
		n.Times["hook"] = overview.TimesOf(s.webhook.Stats().Times)
	}
	l.overviewOfGateway(n, moved.Holds)
	if s.takesUsers.Load() {
		l.overviewOfCluster(n)
	}

	return n
}

func (l local) overviewOfGateway(n *overview.Node, holds uint64) {
	if l.s.gateway == nil {
		return
	}
	g := l.s.gateway.Stats()
	n.Users = g.Users
	n.Counters[overview.Shaping] = some(map[string]uint64{
		"shaped": g.Shaped, "paused": g.Pauses, "stalled": g.Stalls, "held": holds, "push_refused": g.Busy, "login_delayed": g.Delayed,
		"queue_memory_refused": l.s.queueMemory.Refused(),
	})
	refused := make(map[string]uint64)
	for why, count := range g.Denied {
		refused[why.String()] = count
	}
	n.Counters[overview.Refused] = some(refused)
}

func (l local) overviewOfCluster(n *overview.Node) {
	s := l.s
	n.Members, n.Settled = len(s.cluster.Members()), s.directory.Stats().Settled
	ended := make(map[string]uint64)
	for reason, count := range s.cluster.Stats().Ended {
		ended[reason] = uint64(count)
	}
	n.Counters[overview.Ended] = some(ended)
	trips := s.peers.RoundTrips()
	for _, link := range s.cluster.Links() {
		n.Links = append(n.Links, overview.Link{
			To: link.Peer.String(), Suspended: link.Suspended, Queued: link.QueuedBytes, RoundTrip: trips[link.Peer],
		})
	}
}

// some leaves out the counters that are 0.
func some(counts map[string]uint64) map[string]uint64 {
	for name, n := range counts {
		if n == 0 {
			delete(counts, name)
		}
	}

	return counts
}

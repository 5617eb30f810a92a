package parley

import (
	"strings"
	"time"

	"github.com/parley-dm/parley/internal/overview"
)

// overview is this node's part of the dashboard, with the changes of its view after that number.
func (s *Server) overview(after uint64) *overview.Node {
	probes, since := s.operator.Probes(), s.operator.Since()
	n := &overview.Node{
		ID: s.NodeID(), Started: since.UTC(), Age: time.Since(since), Ready: true,
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
		"login": overview.TimesOf(s.loginTimes.Snapshot()), "round_trip": overview.TimesOf(probes),
	}
	if s.webhook != nil {
		n.Times["hook"] = overview.TimesOf(s.webhook.Stats().Times)
	}
	s.overviewOfGateway(n, moved.Holds)
	if s.takesUsers.Load() {
		s.overviewOfCluster(n)
	}

	return n
}

func (s *Server) overviewOfGateway(n *overview.Node, holds uint64) {
	if s.gateway == nil {
		return
	}
	g := s.gateway.Stats()
	n.Users = g.Users
	n.Counters[overview.Shaping] = some(map[string]uint64{
		"shaped": g.Shaped, "paused": g.Pauses, "stalled": g.Stalls, "held": holds, "push_refused": g.Busy, "login_delayed": g.Delayed,
		"queue_memory_refused": s.queueMemory.Refused(),
	})
	refused := make(map[string]uint64)
	for why, count := range g.Denied {
		refused[why.String()] = count
	}
	n.Counters[overview.Refused] = some(refused)
}

func (s *Server) overviewOfCluster(n *overview.Node) {
	n.Members, n.Settled = len(s.cluster.Members()), s.directory.Stats().Settled
	ended := make(map[string]uint64)
	for reason, count := range s.cluster.Stats().Ended {
		ended[reason] = uint64(count)
	}
	n.Counters[overview.Ended] = some(ended)
	trips := s.operator.RoundTrips()
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

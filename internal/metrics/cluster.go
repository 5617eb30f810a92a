package metrics

import (
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/link"
)

func directoryRows() []Row {
	return []Row{
		flag(ofDirectory, "parley_directory_settled",
			"1 if all members have announced this node's view, so that it says \"not found\" and confirms logins, else 0.",
			func(d *directory.Stats) bool { return d.Settled }),
		gauge(ofDirectory, "parley_directory_entries", "Registrations that this node keeps as owner of their user IDs.",
			func(d *directory.Stats) int { return d.Entries }),
		gauge(ofDirectory, "parley_directory_waiting", "Claims and lookups that wait at this node as owner until its view has settled.",
			func(d *directory.Stats) int { return d.Waiting }),
		gauge(ofDirectory, "parley_lookups_pending", "Lookups of this node without an answer yet.", func(d *directory.Stats) int { return d.Lookups }),
		counter(ofDirectory, "parley_view_changes_total", "Views that this node has announced.", func(d *directory.Stats) uint64 { return d.Views }),
		counters(ofDirectory, "parley_claims_total", "result",
			"Claims of this node's logins: confirmed; replaced by a newer one; unsettled: refused, because the cluster had not settled in time.",
			func(d *directory.Stats) map[string]uint64 {
				return map[string]uint64{"confirmed": d.Confirmed, "replaced": d.Replaced, "unsettled": d.Unsettled}
			}),
		counter(ofDirectory, "parley_evictions_total", "Older sessions that this node, as owner, had ended for a newer login.",
			func(d *directory.Stats) uint64 { return d.Evictions }),
		counters(ofDirectory, "parley_owner_requests_total", "request", "What nodes have asked this one as owner.",
			func(d *directory.Stats) map[string]uint64 {
				return map[string]uint64{"claim": d.Claims, "lookup": d.Asked, "register": d.Registered}
			}),
		counters(ofDirectory, "parley_owner_refusals_total", "reason",
			"Requests that this node refused as owner: overflow: too many waited; expired: its view had not settled in time.",
			func(d *directory.Stats) map[string]uint64 {
				return map[string]uint64{"overflow": d.Overflows, "expired": d.Expired}
			}),
		counter(ofDirectory, "parley_lookups_failed_total", "Lookups of this node that had no answer in time.",
			func(d *directory.Stats) uint64 { return d.Failed }),
		counter(ofDirectory, "parley_sessions_moved_total", "Sessions that were registered with another owner after a change of the view.",
			func(d *directory.Stats) uint64 { return d.Moved }),
	}
}

func linkRows() []Row {
	return []Row{
		gauge(ofLinks, "parley_links", "Links to other nodes.", func(l *link.Stats) int { return l.Links }),
		gauge(ofLinks, "parley_links_suspended", "Links whose connection is broken, or that have not been acknowledged for a second.",
			func(l *link.Stats) int { return l.Suspended }),
		gauge(ofLinks, "parley_link_queue_bytes", "Bytes of links that are kept until the other node has acknowledged them.",
			func(l *link.Stats) int64 { return l.QueuedBytes }),
		counter(ofLinks, "parley_link_resumes_total", "Times that a link went on with a new connection.", func(l *link.Stats) int64 { return l.Resumes }),
		counters(ofLinks, "parley_links_ended_total", "reason", "Links that have ended.", func(l *link.Stats) map[string]int64 { return l.Ended }),
		counters(ofLinks, "parley_link_handshakes_refused_total", "reason", "Handshakes of other nodes that failed here.",
			func(l *link.Stats) map[string]int64 { return l.RefusedHandshakes }),
		counters(ofLinks, "parley_link_bytes_total", "direction", "Bytes of links, without encryption.",
			func(l *link.Stats) map[string]int64 { return inOut(l.BytesReceived, l.BytesSent) }),
		counters(ofLinks, "parley_link_packets_total", "direction", "Packets of links, beats included.",
			func(l *link.Stats) map[string]int64 { return inOut(l.PacketsReceived, l.PacketsSent) }),
		counter(ofLinks, "parley_link_retransmitted_total", "Packets that were sent again after a resume.",
			func(l *link.Stats) int64 { return l.Retransmitted }),
		times(ofNode, "parley_link_round_trip_seconds",
			"How long a packet to another node and its answer took. Each scrape sends one to each node, at most one a second.",
			func(r *Readings) latency.Snapshot { return r.Probes }),
	}
}

package parley

import (
	"slices"
	"strconv"

	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/link"
)

type (
	metric = httpapi.Metric[readings]
	add    = func(value float64, labels ...string)
)

// metricsTable lists all metrics of a node, but for those of the Go runtime and the process.
// docs/metrics.md is made of it.
func metricsTable() []metric {
	return slices.Concat(nodeMetrics(), userMetrics(), messageMetrics(), directoryMetrics(), linkMetrics(), hookMetrics())
}

func nodeMetrics() []metric {
	return []metric{
		{
			Name: "parley_node_info", Kind: httpapi.Gauge, Labels: []string{"node"}, Help: "1, with the name of the node.",
			Read: func(r *readings, add add) { add(1, r.node) },
		},
		gauge("parley_ready", "1 if the node takes users, as /readyz says, else 0.", func(r *readings) float64 {
			if r.ready {
				return 1
			}

			return 0
		}),
		gauge("parley_members", "Members in this node's view of the cluster, this node included. 0: it is not a member.",
			func(r *readings) float64 { return float64(r.members) }),
	}
}

func userMetrics() []metric {
	return []metric{
		{
			Name: "parley_users", Kind: httpapi.Gauge, Labels: []string{"transport"}, Help: "Users connected to this node.",
			Read: ofGateway(func(g *gateway.Stats, add add) { each(g.Users, add) }),
		},
		{
			Name: "parley_logins_total", Kind: httpapi.Counter, Labels: []string{"transport"}, Help: "Logins that were welcomed.",
			Read: ofGateway(func(g *gateway.Stats, add add) { each(g.Logins, add) }),
		},
		{
			Name: "parley_logins_refused_total", Kind: httpapi.Counter, Labels: []string{"reason"},
			Help: "Connections and logins that were refused.",
			Read: ofGateway(func(g *gateway.Stats, add add) {
				for why, n := range g.Denied {
					add(float64(n), why.String())
				}
			}),
		},
		perGateway("parley_logins_delayed_total", httpapi.Counter, "Logins that had to wait, because there were too many of their address or user.",
			func(g *gateway.Stats) float64 { return float64(g.Delayed) }),
		times("parley_login_seconds", "How long the cluster took to confirm or refuse a login.", func(r *readings) latency.Snapshot { return r.login }),
		{
			Name: "parley_sessions_ended_total", Kind: httpapi.Counter, Labels: []string{"cause"},
			Help: "Connections that ended, with or without a welcome, by cause.",
			Read: ofGateway(func(g *gateway.Stats, add add) {
				for cause, n := range g.Ended {
					add(float64(n), cause.String())
				}
			}),
		},
		{
			Name: "parley_goodbyes_total", Kind: httpapi.Counter, Labels: []string{"code"},
			Help: "Goodbyes said to clients, by code of the wire; other: a code that the node's program has chosen.",
			Read: ofGateway(func(g *gateway.Stats, add add) {
				for code, n := range g.Goodbyes {
					label := strconv.Itoa(int(code))
					if code == 0 {
						label = "other"
					}
					add(float64(n), label)
				}
			}),
		},
		perGateway("parley_connections_total", httpapi.Counter, "Connections taken.", func(g *gateway.Stats) float64 { return float64(g.Accepted) }),
		perGateway("parley_accept_errors_total", httpapi.Counter,
			"Connections that the operating system could not accept, for instance for want of descriptors.",
			func(g *gateway.Stats) float64 { return float64(g.AcceptErrors) }),
		perGateway("parley_connections_pending", httpapi.Gauge, "Connections that have not said hello.",
			func(g *gateway.Stats) float64 { return float64(g.Pending) }),
		perGateway("parley_connections_held", httpapi.Gauge, "Connections that are not logged in: those that linger after a refusal and HTTP included.",
			func(g *gateway.Stats) float64 { return float64(g.Held) }),
		{
			Name: "parley_client_frames_total", Kind: httpapi.Counter, Labels: []string{"direction"}, Help: "Frames from and to clients.",
			Read: ofGateway(func(g *gateway.Stats, add add) { inOut(add, g.FramesIn, g.FramesOut) }),
		},
		{
			Name: "parley_client_bytes_total", Kind: httpapi.Counter, Labels: []string{"direction"},
			Help: "Bytes from and to clients, framing included; of TLS the content.",
			Read: ofGateway(func(g *gateway.Stats, add add) { inOut(add, g.BytesIn, g.BytesOut) }),
		},
		gauge("parley_client_queue_bytes", "Bytes that wait for clients, and that the operating system has not taken.",
			func(r *readings) float64 { return float64(r.queued) }),
		perGateway("parley_pushes_refused_total", httpapi.Counter, "Pushes that were refused because the client's queue was full.",
			func(g *gateway.Stats) float64 { return float64(g.Busy) }),
		perGateway("parley_client_stalls_total", httpapi.Counter, "Times that a client did not take at once what it was sent.",
			func(g *gateway.Stats) float64 { return float64(g.Stalls) }),
		perGateway("parley_client_pauses_total", httpapi.Counter, "Times that a client was not read from, because it did not read, or waited for outcomes.",
			func(g *gateway.Stats) float64 { return float64(g.Pauses) }),
		perGateway("parley_client_shaped_total", httpapi.Counter, "Times that a client was not read from, because it had used up its budget.",
			func(g *gateway.Stats) float64 { return float64(g.Shaped) }),
		perGateway("parley_client_pings_total", httpapi.Counter,
			"Pings to clients that were idle.", func(g *gateway.Stats) float64 { return float64(g.Pings) }),
		gauge("parley_queue_memory_used_bytes",
			"What the queues of all users, towards them and from them, hold of the memory that they share, in steps of 16 KiB each.",
			func(r *readings) float64 { return float64(r.queues.Used()) }),
		gauge("parley_queue_memory_limit_bytes", "The memory that the queues of all users share. 0: there is no limit.",
			func(r *readings) float64 { return float64(r.queues.Limit()) }),
		count("parley_queue_memory_refused_total", "Times that a queue found no room in that memory.", func(r *readings) uint64 { return r.queues.Refused() }),
		count("parley_handler_panics_total", "Handlers of clients' commands that have panicked.", func(r *readings) uint64 { return r.panics }),
	}
}

func messageMetrics() []metric {
	return []metric{
		count("parley_messages_sent_total", "Messages and connects that users of this node sent, and that were not refused at once.",
			func(r *readings) uint64 { return r.dm.Sent }),
		count("parley_messages_received_total", "Messages, connects and ends of channels that came to users of this node, before any callback.",
			func(r *readings) uint64 { return r.dm.Received }),
		{
			Name: "parley_messages_total", Kind: httpapi.Counter, Labels: []string{"outcome"},
			Help: "What has become of the messages, connects and ends of channels of this node's users: each has one outcome.",
			Read: func(r *readings, add add) {
				d := &r.dm
				for _, o := range []struct {
					name string
					n    uint64
				}{
					{"delivered", d.Delivered}, {"declined", d.Declined}, {"dropped", d.Dropped},
					{"timeout", d.TimedOut}, {"message_nil", d.Nil}, {"nodes_not_found", d.NodesNotFound}, {"user_not_found", d.UserNotFound},
					{"too_large", d.TooLarge}, {"recipient_busy", d.RecipientBusy}, {"overloaded", d.Overloaded}, {"internal", d.Internal},
					{"malformed", d.Malformed},
				} {
					add(float64(o.n), o.name)
				}
			},
		},
		{
			Name: "parley_messages_carried_total", Kind: httpapi.Counter, Labels: []string{"way"},
			Help: "Ways that messages took: local: to a session of this node; link: to another node; lookup: asked first where the recipient is. " +
				"One that is tried again counts again.",
			Read: func(r *readings, add add) {
				add(float64(r.moved.Local), "local")
				add(float64(r.moved.Linked), "link")
				add(float64(r.dm.Lookups), "lookup")
			},
		},
		count("parley_message_holds_total", "Times that a client was not read from, because its messages found no room.",
			func(r *readings) uint64 { return r.moved.Holds }),
		times("parley_lookup_seconds", "How long the directory took to say where a user is, or that it is not connected. Users of this node need no directory.",
			func(r *readings) latency.Snapshot { return r.moved.LookupTime }),
		times("parley_callback_seconds", "How long the receive callbacks of a message took, and its message callbacks.",
			func(r *readings) latency.Snapshot { return r.moved.CallbackTime }),
		count("parley_callback_panics_total", "Callbacks of direct messages that have panicked.", func(r *readings) uint64 { return r.dm.Panics }),
	}
}

func directoryMetrics() []metric {
	return []metric{
		perDirectory("parley_directory_settled", httpapi.Gauge,
			"1 if all members have announced this node's view, so that it says \"not found\" and confirms logins, else 0.",
			func(d *directory.Stats) float64 {
				if d.Settled {
					return 1
				}

				return 0
			}),
		perDirectory("parley_directory_entries", httpapi.Gauge, "Registrations that this node keeps as owner of their user IDs.",
			func(d *directory.Stats) float64 { return float64(d.Entries) }),
		perDirectory("parley_directory_waiting", httpapi.Gauge, "Claims and lookups that wait at this node as owner until its view has settled.",
			func(d *directory.Stats) float64 { return float64(d.Waiting) }),
		perDirectory("parley_lookups_pending", httpapi.Gauge, "Lookups of this node without an answer yet.",
			func(d *directory.Stats) float64 { return float64(d.Lookups) }),
		perDirectory("parley_view_changes_total", httpapi.Counter, "Views that this node has announced.",
			func(d *directory.Stats) float64 { return float64(d.Views) }),
		{
			Name: "parley_claims_total", Kind: httpapi.Counter, Labels: []string{"result"},
			Help: "Claims of this node's logins: confirmed; replaced by a newer one; unsettled: refused, because the cluster had not settled in time.",
			Read: ofDirectory(func(d *directory.Stats, add add) {
				add(float64(d.Confirmed), "confirmed")
				add(float64(d.Replaced), "replaced")
				add(float64(d.Unsettled), "unsettled")
			}),
		},
		perDirectory("parley_evictions_total", httpapi.Counter, "Older sessions that this node, as owner, had ended for a newer login.",
			func(d *directory.Stats) float64 { return float64(d.Evictions) }),
		{
			Name: "parley_owner_requests_total", Kind: httpapi.Counter, Labels: []string{"request"}, Help: "What nodes have asked this one as owner.",
			Read: ofDirectory(func(d *directory.Stats, add add) {
				add(float64(d.Claims), "claim")
				add(float64(d.Asked), "lookup")
				add(float64(d.Registered), "register")
			}),
		},
		{
			Name: "parley_owner_refusals_total", Kind: httpapi.Counter, Labels: []string{"reason"},
			Help: "Requests that this node refused as owner: overflow: too many waited; expired: its view had not settled in time.",
			Read: ofDirectory(func(d *directory.Stats, add add) {
				add(float64(d.Overflows), "overflow")
				add(float64(d.Expired), "expired")
			}),
		},
		perDirectory("parley_lookups_failed_total", httpapi.Counter, "Lookups of this node that had no answer in time.",
			func(d *directory.Stats) float64 { return float64(d.Failed) }),
		perDirectory("parley_sessions_moved_total", httpapi.Counter, "Sessions that were registered with another owner after a change of the view.",
			func(d *directory.Stats) float64 { return float64(d.Moved) }),
	}
}

func linkMetrics() []metric {
	return []metric{
		perLinks("parley_links", httpapi.Gauge, "Links to other nodes.", func(l *link.Stats) float64 { return float64(l.Links) }),
		perLinks("parley_links_suspended", httpapi.Gauge, "Links whose connection is broken, or that have not been acknowledged for a second.",
			func(l *link.Stats) float64 { return float64(l.Suspended) }),
		perLinks("parley_link_queue_bytes", httpapi.Gauge, "Bytes of links that are kept until the other node has acknowledged them.",
			func(l *link.Stats) float64 { return float64(l.QueuedBytes) }),
		perLinks("parley_link_resumes_total", httpapi.Counter, "Times that a link went on with a new connection.",
			func(l *link.Stats) float64 { return float64(l.Resumes) }),
		{
			Name: "parley_links_ended_total", Kind: httpapi.Counter, Labels: []string{"reason"}, Help: "Links that have ended.",
			Read: ofLinks(func(l *link.Stats, add add) { each(l.Ended, add) }),
		},
		{
			Name: "parley_link_handshakes_refused_total", Kind: httpapi.Counter, Labels: []string{"reason"},
			Help: "Handshakes of other nodes that failed here.",
			Read: ofLinks(func(l *link.Stats, add add) { each(l.RefusedHandshakes, add) }),
		},
		{
			Name: "parley_link_bytes_total", Kind: httpapi.Counter, Labels: []string{"direction"}, Help: "Bytes of links, without encryption.",
			Read: ofLinks(func(l *link.Stats, add add) { inOut(add, l.BytesReceived, l.BytesSent) }),
		},
		{
			Name: "parley_link_packets_total", Kind: httpapi.Counter, Labels: []string{"direction"}, Help: "Packets of links, beats included.",
			Read: ofLinks(func(l *link.Stats, add add) { inOut(add, l.PacketsReceived, l.PacketsSent) }),
		},
		perLinks("parley_link_retransmitted_total", httpapi.Counter, "Packets that were sent again after a resume.",
			func(l *link.Stats) float64 { return float64(l.Retransmitted) }),
		times("parley_link_round_trip_seconds",
			"How long a packet to another node and its answer took. Each scrape sends one to each node, at most one a second.",
			func(r *readings) latency.Snapshot { return r.probes }),
	}
}

func hookMetrics() []metric {
	return []metric{
		{
			Name: "parley_hook_requests_total", Kind: httpapi.Counter, Labels: []string{"result"},
			Help: "Requests to the webhook; skipped: questions that were not asked, because the ones before them failed.",
			Read: func(r *readings, add add) {
				add(float64(r.hook.Answered), "answered")
				add(float64(r.hook.Failed), "failed")
				add(float64(r.hook.Skipped), "skipped")
			},
		},
		times("parley_hook_seconds", "How long the webhook took to answer.", func(r *readings) latency.Snapshot { return r.hook.Times }),
		count("parley_hook_events_dropped_total", "Users who came or went and of whom the webhook was not told.",
			func(r *readings) uint64 { return r.hook.Dropped }),
	}
}

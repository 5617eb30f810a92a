package metrics

import (
	"strconv"

	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/quota"
)

func userRows() []Row {
	return []Row{
		gauges(ofGateway, "parley_users", "transport", "Users connected to this node.", func(g *gateway.Stats) map[string]int64 { return g.Users }),
		counters(ofGateway, "parley_logins_total", "transport", "Logins that were welcomed.", func(g *gateway.Stats) map[string]int64 { return g.Logins }),
		counters(ofGateway, "parley_logins_refused_total", "reason", "Connections and logins that were refused.",
			func(g *gateway.Stats) map[string]uint64 { return named(g.Denied) }),
		counter(ofGateway, "parley_logins_delayed_total", "Logins that had to wait, because there were too many of their address or user.",
			func(g *gateway.Stats) uint64 { return g.Delayed }),
		times(ofNode, "parley_login_seconds", "How long the cluster took to confirm or refuse a login.", func(r *Readings) latency.Snapshot { return r.Login }),
		counters(ofGateway, "parley_sessions_ended_total", "cause", "Connections that ended, with or without a welcome, by cause.",
			func(g *gateway.Stats) map[string]uint64 { return named(g.Ended) }),
		counters(ofGateway, "parley_goodbyes_total", "code",
			"Goodbyes said to clients, by code of the wire; other: a code that the node's program has chosen.", goodbyes),
		counter(ofGateway, "parley_connections_total", "Connections taken.", func(g *gateway.Stats) uint64 { return g.Accepted }),
		counter(ofGateway, "parley_accept_errors_total",
			"Connections that the operating system could not accept, for instance for want of descriptors.",
			func(g *gateway.Stats) uint64 { return g.AcceptErrors }),
		gauge(ofGateway, "parley_connections_pending", "Connections that have not said hello.", func(g *gateway.Stats) int64 { return g.Pending }),
		gauge(ofGateway, "parley_connections_held", "Connections that are not logged in: those that linger after a refusal and HTTP included.",
			func(g *gateway.Stats) int64 { return g.Held }),
		counters(ofGateway, "parley_client_frames_total", "direction", "Frames from and to clients.",
			func(g *gateway.Stats) map[string]uint64 { return inOut(g.FramesIn, g.FramesOut) }),
		counters(ofGateway, "parley_client_bytes_total", "direction", "Bytes from and to clients, framing included; of TLS the content.",
			func(g *gateway.Stats) map[string]uint64 { return inOut(g.BytesIn, g.BytesOut) }),
		gauge(ofNode, "parley_client_queue_bytes", "Bytes that wait for clients, and that the operating system has not taken.",
			func(r *Readings) int64 { return r.Queued }),
		counter(ofGateway, "parley_pushes_refused_total", "Pushes that were refused because the client's queue was full.",
			func(g *gateway.Stats) uint64 { return g.Busy }),
		counter(ofGateway, "parley_client_stalls_total", "Times that a client did not take at once what it was sent.",
			func(g *gateway.Stats) uint64 { return g.Stalls }),
		counter(ofGateway, "parley_client_pauses_total", "Times that a client was not read from, because it did not read, or waited for outcomes.",
			func(g *gateway.Stats) uint64 { return g.Pauses }),
		counter(ofGateway, "parley_client_shaped_total", "Times that a client was not read from, because it had used up its budget.",
			func(g *gateway.Stats) uint64 { return g.Shaped }),
		counter(ofGateway, "parley_client_pings_total", "Pings to clients that were idle.", func(g *gateway.Stats) uint64 { return g.Pings }),
		gauge(ofQueues, "parley_queue_memory_used_bytes",
			"What the queues of all users, towards them and from them, hold of the memory that they share, in steps of 16 KiB each.", (*quota.Pool).Used),
		gauge(ofQueues, "parley_queue_memory_limit_bytes", "The memory that the queues of all users share. 0: there is no limit.", (*quota.Pool).Limit),
		counter(ofQueues, "parley_queue_memory_refused_total", "Times that a queue found no room in that memory.", (*quota.Pool).Refused),
		counter(ofNode, "parley_handler_panics_total", "Handlers of clients' commands that have panicked.", func(r *Readings) uint64 { return r.Panics }),
	}
}

func goodbyes(g *gateway.Stats) map[string]uint64 {
	all := make(map[string]uint64, len(g.Goodbyes))
	for code, n := range g.Goodbyes {
		if code == 0 {
			all["other"] = n
		} else {
			all[strconv.Itoa(int(code))] = n
		}
	}

	return all
}

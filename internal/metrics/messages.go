package metrics

import (
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/messages"
)

func messageRows() []Row {
	return []Row{
		counter(ofMessages, "parley_messages_sent_total", "Messages and connects that users of this node sent, and that were not refused at once.",
			func(d *dm.Stats) uint64 { return d.Sent }),
		counter(ofMessages, "parley_messages_received_total", "Messages, connects and ends of channels that came to users of this node, before any callback.",
			func(d *dm.Stats) uint64 { return d.Received }),
		counters(ofMessages, "parley_messages_total", "outcome",
			"What has become of the messages, connects and ends of channels of this node's users: each has one outcome.",
			func(d *dm.Stats) map[string]uint64 {
				return map[string]uint64{
					"delivered": d.Delivered, "declined": d.Declined, "dropped": d.Dropped,
					"timeout": d.TimedOut, "message_nil": d.Nil, "nodes_not_found": d.NodesNotFound, "user_not_found": d.UserNotFound,
					"too_large": d.TooLarge, "recipient_busy": d.RecipientBusy, "overloaded": d.Overloaded, "internal": d.Internal,
					"malformed": d.Malformed,
				}
			}),
		counters(ofNode, "parley_messages_carried_total", "way",
			"Ways that messages took: local: to a session of this node; link: to another node; lookup: asked first where the recipient is. "+
				"One that is tried again counts again.",
			func(r *Readings) map[string]uint64 {
				return map[string]uint64{"local": r.Traffic.Local, "link": r.Traffic.Linked, "lookup": r.Messages.Lookups}
			}),
		counter(ofTraffic, "parley_message_holds_total", "Times that a client was not read from, because its messages found no room.",
			func(t *messages.Traffic) uint64 { return t.Holds }),
		times(ofTraffic, "parley_lookup_seconds",
			"How long the directory took to say where a user is, or that it is not connected. Users of this node need no directory.",
			func(t *messages.Traffic) latency.Snapshot { return t.LookupTime }),
		times(ofTraffic, "parley_callback_seconds", "How long the receive callbacks of a message took, and its message callbacks.",
			func(t *messages.Traffic) latency.Snapshot { return t.CallbackTime }),
		counter(ofMessages, "parley_callback_panics_total", "Callbacks of direct messages that have panicked.", func(d *dm.Stats) uint64 { return d.Panics }),
	}
}

// Package tracing makes OpenTelemetry spans of messages:
//
//	send     the sender's node: from the call, or the client's command, to the outcome
//	lookup   the same node, child of send: a question to the directory
//	deliver  the recipient's node, child of send: from the arrival to the answer
//
// A nil *[Tracer] makes none, and so does a nil *[Span]: where tracing is off a message costs a
// comparison with nil. A message that is not sampled costs a random number besides, and no memory.
//
// The node of the sender decides which messages are traced ([New]: ratio), unless the context of
// the call has a span: then its trace goes on, or the message has none, as that span says. The
// recipient's node follows.
//
// # From node to node
//
// What a span of another node has to know travels in a packet of its own, on a port of its own
// ([Tracer.Announce], [Tracer.HandlePacket]), ahead of the message on the same link. So the packets
// of messages have no field for it, messages that are not traced carry nothing, and a node that
// does not trace, or of a version that cannot, ignores the port.
//
// # Limits
//
// A node remembers the latest 1,024 announcements whose messages have not come. Tracestate and
// baggage do not travel. The owner of a user ID makes no span of its own: its work is in lookup.
package tracing

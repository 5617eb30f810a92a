package link

import (
	"errors"
	"maps"
	"sync/atomic"

	"github.com/parley-dm/parley/internal/node"
)

// Stats counts since the endpoint began.
type Stats struct {
	Links             int   // stand now
	Suspended         int   // of these, now
	QueuedBytes       int64 // kept until the other side has acknowledged them, now
	Resumes           int64
	Ended             map[string]int64 // by reason: silent, gone, goodbye, paused, closed, protocol, refused, overloaded, other
	RefusedHandshakes map[string]int64 // handshakes that failed here as acceptor, by reason: see refusalName
	BytesSent         int64            // of frames, without encryption
	BytesReceived     int64
	PacketsSent       int64 // beats included
	PacketsReceived   int64
	Retransmitted     int64 // packets sent again after a resume
}

type counters struct {
	resumes, bytesSent, bytesReceived, packetsSent, packetsReceived, retransmitted atomic.Int64
}

// reasonName names the reason for an end in Stats.
func reasonName(err error) string {
	for _, r := range []struct {
		err  error
		name string
	}{
		{ErrSilent, "silent"}, {ErrGone, "gone"}, {ErrGoodbye, "goodbye"}, {ErrPaused, "paused"}, {ErrClosed, "closed"},
		{ErrProtocol, "protocol"}, {ErrRefused, "refused"}, {ErrOverloaded, "overloaded"},
	} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}

	return "other"
}

// refusalName names in Stats why a handshake failed.
func refusalName(err error) string {
	for _, r := range []struct {
		err  error
		name string
	}{
		{ErrSecret, "secret"}, {ErrVersion, "version"}, {ErrSelf, "self"}, {ErrWrongNode, "wrong_node"},
		{ErrBusy, "busy"}, {errEnded, "ended"}, {errStale, "stale"}, {errMalformed, "malformed"},
		{errNotTLS, "not_tls"},
	} {
		if errors.Is(err, r.err) {
			return r.name
		}
	}

	return "broken"
}

// State is one link, now.
type State struct {
	Peer        node.ID
	Suspended   bool
	QueuedBytes int64 // kept until the other side has acknowledged them
}

// States lists the links.
func (e *Endpoint) States() []State {
	links := e.Links()
	states := make([]State, len(links))
	for i, l := range links {
		l.mu.Lock()
		queued := int64(l.log.bytes)
		l.mu.Unlock()
		states[i] = State{Peer: l.Peer(), Suspended: l.Suspended(), QueuedBytes: queued}
	}

	return states
}

// Stats reads the counters.
func (e *Endpoint) Stats() Stats {
	s := Stats{
		Links: len(e.Links()), Resumes: e.count.resumes.Load(),
		BytesSent: e.count.bytesSent.Load(), BytesReceived: e.count.bytesReceived.Load(),
		PacketsSent: e.count.packetsSent.Load(), PacketsReceived: e.count.packetsReceived.Load(),
		Retransmitted: e.count.retransmitted.Load(),
		Ended:         make(map[string]int64), RefusedHandshakes: make(map[string]int64),
	}
	for _, l := range e.States() {
		if l.Suspended {
			s.Suspended++
		}
		s.QueuedBytes += l.QueuedBytes
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.Copy(s.Ended, e.ended)
	maps.Copy(s.RefusedHandshakes, e.refusals)

	return s
}

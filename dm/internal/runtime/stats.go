package runtime

import (
	"sync/atomic"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/wire"
)

// counters count what has happened since the start.
type counters struct {
	sent, received, lookups atomic.Uint64
	holds                   atomic.Uint64                                           // times a client was not read from because its messages found no room
	results                 [wire.Dropped + 1]atomic.Uint64                         // by result
	codes                   [wire.CodeInternal - wire.CodeTimeout + 1]atomic.Uint64 // from CodeTimeout on
	malformed               atomic.Uint64
	local, linked           atomic.Uint64 // messages carried to a session of this node, and of another
	lookupTime              latency.Histogram
	callbackTime            latency.Histogram
}

func (c *counters) outcome(o core.Outcome) {
	if code := codes[o]; code != 0 {
		c.code(code)
	} else {
		c.results[receipt(o).Result].Add(1)
	}
}

func (c *counters) refused(err error) { c.code(wire.CodeOf(err)) }

func (c *counters) code(code wire.Code) {
	if code >= wire.CodeTimeout && code <= wire.CodeInternal {
		c.codes[code-wire.CodeTimeout].Add(1)
	} else {
		c.malformed.Add(1)
	}
}

// Counts is a copy of what was counted.
type Counts struct {
	Sent, Received, Lookups, Panics, Malformed uint64

	results [wire.Dropped + 1]uint64
	codes   [wire.CodeInternal - wire.CodeTimeout + 1]uint64
}

// Result is how many items ended in that result.
func (c *Counts) Result(r wire.Result) uint64 { return c.results[r] }

// Code is how many items ended in that code, of CodeTimeout to CodeInternal.
func (c *Counts) Code(code wire.Code) uint64 { return c.codes[code-wire.CodeTimeout] }

// Traffic implements messages.Engine.
func (m *Runtime) Traffic() messages.Traffic {
	st := &m.stats

	return messages.Traffic{
		Local: st.local.Load(), Linked: st.linked.Load(), Holds: st.holds.Load(),
		LookupTime: st.lookupTime.Snapshot(), CallbackTime: st.callbackTime.Snapshot(),
	}
}

// Stats copies the counters.
func (m *Runtime) Stats() (c Counts) {
	st := &m.stats
	c.Sent, c.Received, c.Lookups = st.sent.Load(), st.received.Load(), st.lookups.Load()
	c.Panics, c.Malformed = m.callbacks.panics.Load(), st.malformed.Load()
	for i := range c.results {
		c.results[i] = st.results[i].Load()
	}
	for i := range c.codes {
		c.codes[i] = st.codes[i].Load()
	}

	return c
}

package directory

// Stats is a snapshot of a directory's sizes and counts.
type Stats struct {
	Sessions int // of this node, claims under way included
	Standing int // of these, confirmed
	Entries  int // kept here as owner
	Waiting  int // requests that wait here as owner
	Lookups  int // of this node, without an answer yet
	Members  int
	Settled  bool // all members have announced this node's view

	Claims     uint64 // handled as owner
	Asked      uint64 // lookups handled as owner
	Registered uint64 // registrations taken as owner
	Evictions  uint64 // asked for as owner
	Overflows  uint64 // requests refused as owner: too many wait
	Expired    uint64 // requests refused as owner: not settled in time

	Confirmed uint64 // sessions of this node
	Replaced  uint64 // claims of this node that lost
	Unsettled uint64 // claims of this node that were refused
	Failed    uint64 // lookups of this node without an answer in time
	Moved     uint64 // sessions registered with another owner after a view change
	Ahead     uint64 // registrations with nodes that had not entered
	Views     uint64 // announced
	Malformed uint64 // packets
	Dropped   uint64 // packets that the link did not take: it had ended
	Delayed   uint64 // packets that waited for room in a link's queue
}

// counters is the part of Stats that the core counts.
type counters struct {
	claims, lookups, registered, evictions, overflows, expired  uint64
	confirmed, replaced, unsettled, failed, moved, ahead, views uint64
}

// Stats returns the present sizes and counts.
func (d *Directory) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, n := d.core, &d.core.stats

	return Stats{
		Sessions: len(c.all), Standing: c.standing, Entries: c.entries, Waiting: c.waiting, Lookups: len(c.lookups),
		Members: len(c.members), Settled: c.settled(),
		Claims: n.claims, Asked: n.lookups, Registered: n.registered, Evictions: n.evictions, Overflows: n.overflows, Expired: n.expired,
		Confirmed: n.confirmed, Replaced: n.replaced, Unsettled: n.unsettled, Failed: n.failed, Moved: n.moved, Ahead: n.ahead, Views: n.views,
		Malformed: d.malformed, Dropped: d.dropped, Delayed: d.delayed,
	}
}

// Size is the number of sessions of this node that are confirmed.
func (d *Directory) Size() int {
	d.mu.Lock()
	defer d.mu.Unlock()

	return d.core.standing
}

package gateway

import (
	"slices"

	"github.com/parley-dm/parley/wire"
)

// goodbyeCodes are counted one by one; the first stands for all others.
var goodbyeCodes = [...]wire.Goodbye{
	0, wire.GoodbyeStopping, wire.GoodbyeHeartbeat, wire.GoodbyeSlow,
	wire.GoodbyeBadToken, wire.GoodbyeReplaced, wire.GoodbyeProtocol, wire.GoodbyeRemoved,
}

// goodbye counts a goodbye to a client.
func (c *counters) goodbye(code wire.Goodbye) {
	c.goodbyes[max(0, slices.Index(goodbyeCodes[:], code))].Add(1)
}

// welcomed counts a session that begins.
func (c *counters) welcomed(via transport) {
	c.open.Add(1)
	c.logins[via].Add(1)
	c.users[via].Add(1)
}

// left counts a session that had its welcome and ends.
func (c *counters) left(via transport) {
	c.open.Add(-1)
	c.users[via].Add(-1)
}

// metrics fills in what only metrics show.
func (c *counters) metrics(s *Stats) {
	s.Logins, s.Users = make(map[string]int64, len(transportNames)), make(map[string]int64, len(transportNames))
	for i, name := range transportNames {
		s.Logins[name], s.Users[name] = c.logins[i].Load(), c.users[i].Load()
	}
	s.Goodbyes = make(map[wire.Goodbye]uint64, len(goodbyeCodes))
	for i, code := range goodbyeCodes {
		s.Goodbyes[code] = c.goodbyes[i].Load()
	}
}

// Queued is how many bytes wait for clients now, encoded and not taken by the operating system. It
// looks at every session: it is for a scrape, not for each message.
func (g *Gateway) Queued() (bytes int64) {
	var some []*session
	for slot := range wheelSlots {
		some = g.wheel.in(slot, some[:0])
		for _, s := range some {
			s.mu.Lock()
			bytes += int64(s.out.bytes)
			s.mu.Unlock()
		}
		clear(some)
	}

	return bytes
}

// in appends the sessions of a slot. Those that are moved meanwhile are seen twice, or not.
func (w *wheel) in(slot int, list []*session) []*session {
	w.mu.Lock()
	defer w.mu.Unlock()

	return append(list, w.slots[slot]...)
}

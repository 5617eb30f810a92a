package runtime

import (
	"sync/atomic"

	"github.com/parley-dm/parley/dm/internal/codec"
	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/sessions"
)

// Fair shares. A client that sends more than there is room for is not read from until half of the
// room is free: its commands are not refused. In a recipient's queue one sender holds a quarter at
// most.

// holdClient stops reading the client if a message more would find no room. The lookup of the
// present command is not counted yet. The session is locked.
func (s *session) holdClient(c *core.Conversation) {
	if s.readPausedFor != nil || s.looking.Load() < maxLookups-1 && s.roomForItem(c, s.m.settings.MaxMessageSize) {
		return
	}
	if conn := sessions.Of(s.user).Conn(); conn != nil {
		s.readPausedFor = c
		s.m.stats.holds.Add(1)
		conn.Hold(sessions.HoldMessages, true)
	}
}

// releaseClient reads the client again once there is room. The session is locked.
func (s *session) releaseClient() {
	if s.readPausedFor == nil || s.looking.Load() > maxLookups/2 || !s.core.Roomy(s.readPausedFor) {
		return
	}
	s.readPausedFor = nil
	sessions.Of(s.user).Conn().Hold(sessions.HoldMessages, false)
}

// weight is what a message counts in its recipient's queue.
func weight(in *codec.Item) int64 { return max(int64(len(in.Message)), leastWeight) }

// shareUsed tells whether the sender of an arrival has its share of the session's queue. The
// session is locked.
func (s *session) shareUsed(in *codec.Item) bool {
	switch {
	case s.unpushed.Load() < maxShare: // of all senders together
		return false
	case in.Blank:
		return s.fromBlank[string(in.Sender)] >= maxShare
	}
	c := s.core.With(in.Sender)

	return c != nil && atomic.LoadInt64(&c.Queued) >= maxShare
}

// enterShare counts a delivery that was taken. The session is locked.
func (d *delivery) enterShare(in *codec.Item) {
	d.weight = weight(in)
	d.s.unpushed.Add(d.weight)
	if d.conv != nil {
		atomic.AddInt64(&d.conv.Queued, d.weight)

		return
	}
	if d.s.fromBlank == nil {
		d.s.fromBlank = make(map[string]int64)
	}
	d.s.fromBlank[d.from] += d.weight
}

// leaveShare ends that. The session is not locked.
func (d *delivery) leaveShare() {
	s := d.s
	s.unpushed.Add(-d.weight)
	if d.conv != nil {
		atomic.AddInt64(&d.conv.Queued, -d.weight)

		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fromBlank[d.from] -= d.weight; s.fromBlank[d.from] == 0 {
		delete(s.fromBlank, d.from)
	}
}

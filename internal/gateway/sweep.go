package gateway

import (
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

// One timer for all sessions. Time is counted in ticks, eight to a heartbeat; a session notes the
// tick when it last heard and sent something, which costs it one store. Every session is in the
// slot of the tick when it is next to be looked at.

const (
	ticksPerHeartbeat = 8
	// pingAfter is how long a session may be without sent or without received frames before the
	// client is sent a ping, in ticks: it must hear something, and perhaps it only answers. More
	// than one heartbeat, so that a client that pings by itself is rarely pinged.
	pingAfter = ticksPerHeartbeat * 5 / 4
	// silentAfter is when a silent client counts as dead, in ticks. Two heartbeats and one tick,
	// because ticks are whole.
	silentAfter = 2*ticksPerHeartbeat + 1
	// wheelSlots is more than the longest schedule, in ticks.
	wheelSlots = 32
	// maxSweepBatch bounds the sessions for which the wheel is locked at a time.
	maxSweepBatch = 256
)

// wheel holds all sessions, by the tick of their next check.
type wheel struct {
	mu    sync.Mutex
	slots [wheelSlots][]*session // guarded by mu
	count int                    // guarded by mu
}

func (w *wheel) add(s *session, tick uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count++
	w.put(s, tick)
}

func (w *wheel) put(s *session, tick uint32) {
	slot := tick % wheelSlots
	s.wheelSlot, s.wheelIndex = int16(slot), int32(len(w.slots[slot]))
	w.slots[slot] = append(w.slots[slot], s)
}

func (w *wheel) remove(s *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.wheelSlot >= 0 {
		w.take(s)
		w.count--
	}
}

func (w *wheel) take(s *session) {
	list := w.slots[s.wheelSlot]
	last := len(list) - 1
	list[s.wheelIndex] = list[last]
	list[s.wheelIndex].wheelIndex = s.wheelIndex
	list[last] = nil
	list = list[:last]
	const few, sparse = 64, 4
	if cap(list) > few && len(list) < cap(list)/sparse { // after a crowd has left
		list = append(make([]*session, 0, cap(list)/2), list...)
	}
	w.slots[s.wheelSlot] = list
	s.wheelSlot = -1
}

// move changes the tick of a session's next check.
func (w *wheel) move(s *session, tick uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.wheelSlot >= 0 {
		w.take(s)
		w.put(s, tick)
	}
}

// all returns every session in the wheel.
func (w *wheel) all() []*session {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]*session, 0, w.count)
	for i := range w.slots {
		list = append(list, w.slots[i]...)
	}

	return list
}

// action is what the sweeper has to do about a session.
type action struct {
	s       *session
	silent  bool
	expired bool // neither: ping
}

// due moves up to maxSweepBatch sessions of the current slot to the slots of their next checks, and
// appends the actions that they need. It returns true when the slot is done.
func (w *wheel) due(now uint32, actions []action) ([]action, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	slot := now % wheelSlots
	for range maxSweepBatch {
		list := w.slots[slot]
		if len(list) == 0 {
			return actions, true
		}
		s := list[len(list)-1]
		w.take(s)
		a, next := s.check(now)
		if a.s != nil {
			actions = append(actions, a)
		}
		w.put(s, now+min(max(next, 1), wheelSlots-1))
	}

	return actions, false
}

// check decides what to do about a session now, and in how many ticks its next check is. Called by
// the sweeper only.
func (s *session) check(now uint32) (a action, next uint32) {
	if s.phase.Load() != open {
		return action{}, ticksPerHeartbeat
	}
	ends := s.expiresIn()
	if ends == 0 {
		return action{s: s, expired: true}, ticksPerHeartbeat
	}
	a, next = s.checkHeartbeat(now)

	return a, min(next, ends)
}

// checkHeartbeat is check for silence.
func (s *session) checkHeartbeat(now uint32) (a action, next uint32) {
	heard, sent := now-s.lastHeard.Load(), now-s.lastSent.Load()
	if s.readerBusy.Load() || s.gw.clientPause.active.Load() {
		heard = 0
	}
	if heard >= silentAfter {
		return action{s: s, silent: true}, ticksPerHeartbeat
	}
	asked := now - s.lastPing
	if max(heard, sent) >= pingAfter && asked >= pingAfter {
		s.lastPing = now
		a, asked = action{s: s}, 0
	}
	if asked < pingAfter { // asked: an answer counts, another ping does not
		return a, min(silentAfter-heard, pingAfter-asked)
	}

	return a, min(silentAfter-heard, pingAfter-max(heard, sent))
}

// sweep is the sweeper's goroutine.
func (g *Gateway) sweep() {
	defer g.routines.Done()
	t := time.NewTicker(g.tick())
	defer t.Stop()
	var actions []action
	for {
		select {
		case <-g.stopSweeper:
			return
		case <-t.C:
		}
		now := g.now.Add(1)
		g.door.sweep()
		for done := false; !done; {
			actions, done = g.wheel.due(now, actions[:0])
			for _, a := range actions {
				g.act(a, now)
			}
			clear(actions)
		}
	}
}

func (g *Gateway) act(a action, now uint32) {
	if a.expired {
		a.s.closeWith(wire.GoodbyeBadToken, expiredText, CauseExpired)

		return
	}
	if a.silent {
		a.s.closeWith(wire.GoodbyeHeartbeat, "nothing heard for two heartbeats", CauseHeartbeat)

		return
	}
	g.count.pings.Add(1)
	a.s.pingedAt.Store(g.milliseconds())
	_ = a.s.send(wire.Frame{Kind: wire.KindPing, ID: now}, noStatus, nil, 1) // a full queue is as good as a ping
}

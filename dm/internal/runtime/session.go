package runtime

import (
	"math"
	"sync"
	"sync/atomic"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/quota"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// session is a session that takes part in direct messages: the core of one, with its lock and
// queues. It exists from the user's first message on.
//
// An event locks it, is given to the core, and leaves the core's effects. The goroutine that finds
// no other performing performs them, its own and those that others leave meanwhile, without the
// lock: so they are performed in order, and no event waits.
type session struct {
	m     *Runtime
	user  *user.User
	id    []byte // the user ID
	place core.Place
	blank bool

	mu            sync.Mutex
	core          core.Session       // guarded by mu; a value, so that an event finds all in one place
	effects       []core.Effect      // guarded by mu; to be performed, in order
	spare         []core.Effect      // guarded by mu; the other of two buffers that take turns
	performing    bool               // guarded by mu
	watched       bool               // guarded by mu; the sweep looks at it
	readPausedFor *core.Conversation // guarded by mu; the client is not read from until there is room: see fairness.go
	memory        quota.Share        // guarded by mu; of what waits for its outcome
	fromBlank     map[string]int64   // guarded by mu; what has arrived from blank users and not reached the client; nil: nothing
	counted       bool               // guarded by mu; Runtime.closedEpochs knows of it
	forgotten     bool               // guarded by mu; it is out of Runtime.bySID: look it up again
	onDrained     func(uint64)       // guarded by mu; of a session that is leaving

	looking  atomic.Int32 // lookups that are out
	unpushed atomic.Int64 // what has arrived and not reached the client: see share

	inbox        command.SerialExecutor // what has arrived: callbacks and pushes, in order
	inboxTasks   atomic.Int32           // tasks of inbox that are not done
	inboxWaiting atomic.Int32           // those among them that have not begun
	inboxBytes   atomic.Int64           // of their bodies

	calls     command.SerialExecutor // outcomes for callbacks of this user's messages
	callsOpen atomic.Int32           // tasks of calls that are not done
}

// newSession makes a session that is in no map yet.
func (m *Runtime) newSession(u *user.User, sid core.SID, blank bool) *session {
	place := core.Place{Node: m.self, SID: sid}

	return &session{
		m: m, user: u, id: []byte(u.ID), place: place, blank: blank,
		core: *core.NewSession(core.Config{
			User: u.ID, Place: place, Login: sessions.Of(u).Stamp(), Blank: blank, Stamp: m.stamp, Linked: m.linked,
			Limits: m.limits(), Timeout: int64(m.settings.ReliableTimeout),
		}),
	}
}

// sidOf is what a user's session is known by.
func sidOf(u *user.User) core.SID { return sessions.Of(u).SID() }

// lockSession returns the session of a user, locked, made if need be. A user whose session is over
// gets one that is over too: it may send, but keeps no channel.
func (m *Runtime) lockSession(u *user.User) *session {
	return m.lockSessionAs(u, sidOf(u), u.IsBlank())
}

// lockSessionAs is lockSession for a user whose SID is decoded.
func (m *Runtime) lockSessionAs(u *user.User, sid core.SID, blank bool) *session {
	for {
		s, ok := m.bySID.Load(sid)
		if !ok {
			fresh := m.newSession(u, sid, blank)
			fresh.mu.Lock()
			if s, ok = m.bySID.LoadOrStore(sid, fresh); !ok {
				if u.Closed() { // asked for only now: Leave may have looked for a session just before there was one
					fresh.core.MarkClosed()
				}

				return fresh
			}
		}
		s.mu.Lock()
		if !s.forgotten {
			return s
		}
		s.mu.Unlock()
	}
}

// lockKnown returns the session with this SID, locked, or nil.
func (m *Runtime) lockKnown(sid core.SID) *session {
	s, ok := m.bySID.Load(sid)
	if !ok {
		return nil
	}
	s.mu.Lock()
	if s.forgotten {
		s.mu.Unlock()

		return nil
	}

	return s
}

// lockOf returns the session of a user, locked, or nil if there is none.
func (m *Runtime) lockOf(u *user.User) *session { return m.lockKnown(sidOf(u)) }

// maxSpare bounds the buffer of effects that a session keeps, in effects.
const maxSpare = 64

// endEvent ends an event of a locked session: it performs the effects, or leaves them to the
// goroutine that is performing some, and unlocks the session. One that has nothing to remember is
// forgotten.
func (s *session) endEvent() {
	if s.core.Waiting() > 0 && !s.watched {
		s.m.sweep.watch(s)
	}
	if s.performing {
		s.mu.Unlock()

		return
	}
	s.performing = true
	s.performAll(maxRounds)
}

// maxRounds is how many batches of effects an event performs, its own and those that others leave
// meanwhile: the goroutine that reads a link is not to work for one session for long.
const maxRounds = 16

// performAll performs effects until none are left, or leaves them to a goroutine after so many
// rounds. The session is locked, and unlocked on return. Its batches have a twin in endEvent of
// internal/directory, which needs no rounds: its callbacks are few.
func (s *session) performAll(rounds int) {
	for ; len(s.effects) > 0; rounds-- {
		if rounds == 0 {
			s.mu.Unlock()
			go func() {
				s.mu.Lock()
				s.performAll(math.MaxInt)
			}()

			return
		}
		batch := s.effects
		s.effects, s.spare = s.spare[:0], nil
		s.mu.Unlock()
		for i := range batch {
			s.perform(&batch[i])
		}
		clear(batch)
		s.mu.Lock()
		if cap(batch) <= maxSpare {
			s.spare = batch[:0]
		}
	}
	s.performing = false
	s.m.parts.Memory.Settle(&s.memory, s.core.Bytes())
	s.releaseClient()
	s.forget()
	s.mu.Unlock()
}

// forget takes the session out of the maps if there is nothing to remember. It is locked, and has
// no effects left.
func (s *session) forget() {
	if s.forgotten || !s.core.Forgettable(s.m.sweep.now.Load()) || s.blank && s.callsOpen.Load() > 0 {
		return
	}
	s.forgotten = true
	s.forgetEpochs()
	s.m.bySID.Delete(s.place.SID)
}

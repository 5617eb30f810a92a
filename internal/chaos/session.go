package chaos

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/parley-dm/parley/wire"
)

// moment is a time in nanoseconds since the start of the run.
type moment int64

const (
	never   moment = 0
	forever moment = math.MaxInt64
)

func (m moment) add(d time.Duration) moment      { return m + moment(d) }
func (m moment) since(from moment) time.Duration { return time.Duration(m - from) }

func (m moment) String() string {
	switch m {
	case never:
		return "-"
	case forever:
		return "the end"
	}

	return fmt.Sprintf("%.3fs", time.Duration(m).Seconds())
}

// endCause is why a connection ended, as far as the cause knows.
type endCause string

const (
	causeKill    endCause = "node killed"
	causeCut     endCause = "connection cut"
	causeClose   endCause = "client closed the connection"
	causeVanish  endCause = "client vanished"
	causeStall   endCause = "client did not read"
	causeSilent  endCause = "client read nothing for two heartbeats and gave up"
	causeUnknown endCause = "connection broke"
)

// session is one connection of a user, seen from the client's side.
type session struct {
	user    *user
	node    *node
	process *process // of the node
	conn    *recordingConn

	dialed moment

	mu         sync.Mutex
	sid        string       // guarded by mu
	rank       int          // guarded by mu: which of the user's sessions it is, in the order of their welcomes; 0: it has had none
	opened     moment       // guarded by mu: when the welcome was read
	ended      moment       // guarded by mu: when it was over for the client; never while it is not
	goodbye    wire.Goodbye // guarded by mu: what the server said last; then everything before was read
	gotGoodbye bool         // guarded by mu: there was a goodbye
	cause      endCause     // guarded by mu
	wentSilent bool         // guarded by mu: the client had heard nothing for so long that it may have given up when it heard something again

	// All that a server wrote to the connection before this moment has been handed to the client's
	// callbacks: something that was sent after it has. Guarded by mu.
	readUntil moment
}

// end notes that the session is over. The first reason counts.
func (s *session) end(at moment, why endCause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == "" {
		s.cause = why
	}
	if s.ended == never {
		s.ended = at
	}
}

// setCause records the cause of the session's end before the fault is made.
func (s *session) setCause(why endCause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == "" {
		s.cause = why
	}
}

// noteSilence records that the client has read nothing for about two heartbeats.
func (s *session) noteSilence() {
	s.setCause(causeSilent)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wentSilent = true
}

func (s *session) markRead(at moment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readUntil = max(s.readUntil, at)
}

func (s *session) welcomed(at moment, sid string, rank int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened, s.sid, s.rank = at, sid, rank
}

func (s *session) noteGoodbye(code wire.Goodbye) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.goodbye, s.gotGoodbye = code, true
}

// alive tells whether the session is there, reads and writes.
func (s *session) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.opened != never && s.ended == never && s.cause == "" && !s.gotGoodbye
}

// record is a copy of a session's state, read without its lock.
type record struct {
	session    *session
	node       string
	sid        string
	rank       int
	dialed     moment
	opened     moment
	ended      moment // forever if it has not
	readUntil  moment
	goodbye    wire.Goodbye
	gotGoodbye bool
	cause      endCause
	wentSilent bool
}

func (s *session) record() record {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := record{
		session: s, node: s.node.name, sid: s.sid, rank: s.rank, dialed: s.dialed, opened: s.opened, ended: s.ended,
		readUntil: s.readUntil, goodbye: s.goodbye, gotGoodbye: s.gotGoodbye, cause: s.cause, wentSilent: s.wentSilent,
	}
	if r.ended == never {
		r.ended = forever
	}

	return r
}

func (r record) String() string {
	text := fmt.Sprintf("session %d %.8s of %s on %s: dialed %v, welcome %v, ended %v", r.rank, r.sid, r.session.user.id, r.node, r.dialed, r.opened, r.ended)
	if r.gotGoodbye {
		text += fmt.Sprintf(", goodbye %d", r.goodbye)
	}
	if r.cause != "" {
		text += ", " + string(r.cause)
	}

	return text + fmt.Sprintf(", read at least until %v", r.readUntil)
}

package gateway

import (
	"time"

	"github.com/parley-dm/parley/internal/sessions"
)

// A client is not read from while one of these bits of session.readHolds is set, nor while its
// budget is used up (budget.go).
const (
	holdOutbox   uint32 = 1 << iota // its outbox has been half full, and a quarter is not left yet: it does not read
	holdMessages                    // too many of its messages wait for their outcomes
	holdCommands                    // too many of its commands wait for the program's handlers
)

// Hold implements sessions.Conn.
func (s *session) Hold(why sessions.HoldReason, on bool) {
	bit := holdMessages
	if why == sessions.HoldCommands {
		bit = holdCommands
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if on {
		s.readHolds.Or(bit)
	} else {
		s.endReadHold(bit)
	}
}

// endReadHold ends one of the reasons not to read. Called with mu held.
func (s *session) endReadHold(bit uint32) {
	if old := s.readHolds.And(^bit); old&^bit == 0 {
		s.resume()
	}
}

// waitUntilReadable pauses the reader while the client must not be read from.
func (s *session) waitUntilReadable() {
	waited := false
	for { // ResumeClients ends a pause too
		overdraft := s.overdraft()
		s.mu.Lock()
		if s.readHolds.Load() == 0 && overdraft <= 0 || s.phase.Load() != open {
			s.mu.Unlock()
			if waited {
				s.lastHeard.Store(s.gw.now.Load())
				s.readerBusy.Store(false)
			}

			return
		}
		if !waited {
			s.countWait(overdraft)
		}
		waited = true
		pause := make(chan struct{})
		s.pause = pause
		s.readerBusy.Store(true)
		s.mu.Unlock()
		s.await(pause, overdraft)
	}
}

// await waits until pause is closed or, if timeout is positive, that has passed.
func (s *session) await(pause <-chan struct{}, timeout time.Duration) {
	if timeout <= 0 {
		<-pause

		return
	}
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-pause:
	case <-t.C:
	}
}

func (s *session) countWait(overdraft time.Duration) {
	if overdraft > 0 {
		s.gw.count.shaped.Add(1)
	} else {
		s.gw.count.pauses.Add(1)
	}
}

// resume ends the reader's pause. Called with mu held.
func (s *session) resume() {
	if s.pause != nil {
		close(s.pause)
		s.pause = nil
	}
}

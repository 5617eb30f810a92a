package netio

import (
	"sync"
	"syscall"
	"time"
)

// Loop watches connections with one goroutine, which calls the handlers of all that are readable.
// If a handler blocks it for longer than maxHandlerTime, a new goroutine takes the loop over, and
// the blocked one ends when its handler returns. Safe for use by several goroutines.
type Loop struct {
	poller     poller
	observer   BatchObserver // may be nil
	goroutines sync.WaitGroup

	mu            sync.Mutex
	registrations []registration       // guarded by mu; by file descriptor
	lastID        int32                // guarded by mu; id of the latest registration
	events        []syscall.EpollEvent // guarded by mu; of the latest epoll_wait
	next          int                  // guarded by mu; events[next:] are pending
	later         []ReadHandler        // guarded by mu; handlers that want to go on, oldest first
	generation    uint64               // guarded by mu; that of the goroutine that owns the loop
	dispatched    uint64               // guarded by mu; count of handled events
	dispatching   bool                 // guarded by mu; a handler is running
	inBatch       bool                 // guarded by mu; Begin was called, End is due
	closed        bool                 // guarded by mu

	watchdog      *time.Timer // runs while events are handled
	watchdogArmed bool        // guarded by mu; the timer is set
	watchdogSeen  uint64      // guarded by mu; dispatched at the latest check
}

// ReadHandler is called when a connection is readable.
type ReadHandler interface {
	// OnReadable is called once for all that has arrived (edge-triggered): bytes left unread are
	// not reported again. With hangup the peer has closed, or the connection is broken. It must not
	// block. One more call may come after Close.
	OnReadable(hangup bool)
	// OnTurn is called once for each Later of the connection, after other connections had theirs.
	OnTurn()
}

// registration is a watched connection. The system may reuse its descriptor while an event of the
// earlier connection is pending: events carry the id, which tells the two apart.
type registration struct {
	handler ReadHandler // nil: none
	id      int32
}

const (
	// maxHandlerTime is how long a handler may block the loop.
	maxHandlerTime = 10 * time.Millisecond
	maxEvents      = 128                                          // in one call of epoll_wait
	watchedEvents  = syscall.EPOLLIN | syscall.EPOLLRDHUP | 1<<31 // 1<<31 is EPOLLET
	hangupEvents   = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
)

// newLoop makes one of several loops of a node, and starts its goroutine, which Close ends. The
// observer, if not nil, is called around every run of several events. It returns nil if the system
// provides no epoll instance; a nil Loop watches no connection.
func newLoop(loops int, observer BatchObserver) *Loop {
	l := &Loop{observer: observer, events: make([]syscall.EpollEvent, 0, maxEvents)}
	if !l.poller.open(loops) {
		return nil
	}
	l.watchdog = time.AfterFunc(time.Hour, l.checkBlocked)
	l.watchdog.Stop()
	l.goroutines.Add(1)
	go l.run(0)

	return l
}

// add registers h for r. What has arrived already is reported too: OnReadable may be called before
// add returns. It returns false if the loop or r is closed, or the system refuses.
func (l *Loop) add(r *rawConn, h ReadHandler) bool {
	if l == nil || !r.acquire() {
		return false
	}
	defer r.release()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if r.fd >= len(l.registrations) {
		l.registrations = append(l.registrations, make([]registration, r.fd+1-len(l.registrations))...)
	}
	l.lastID++
	l.registrations[r.fd] = registration{h, l.lastID}
	ev := syscall.EpollEvent{Events: watchedEvents, Fd: int32(r.fd), Pad: l.lastID}
	if err := syscall.EpollCtl(l.poller.epoll, syscall.EPOLL_CTL_ADD, r.fd, &ev); err != nil {
		l.registrations[r.fd] = registration{}

		return false
	}

	return true
}

// remove unregisters h from r. It must be called before r is closed.
func (l *Loop) remove(r *rawConn, h ReadHandler) {
	if l == nil || !r.acquire() {
		return
	}
	defer r.release()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed && r.fd < len(l.registrations) && l.registrations[r.fd].handler == h {
		l.registrations[r.fd] = registration{}
		_ = syscall.EpollCtl(l.poller.epoll, syscall.EPOLL_CTL_DEL, r.fd, nil)
	}
}

// run is the loop's goroutine, until another generation takes the loop over.
func (l *Loop) run(generation uint64) {
	defer l.goroutines.Done()
	var batch [maxEvents]syscall.EpollEvent
	n := 0
	for l.dispatch(generation) {
		if l.hasLater() {
			n = l.poller.pending(batch[:])
		} else {
			var err error
			if n, err = l.poller.wait(batch[:], n > 0); err != nil { // closed
				return
			}
		}
		l.mu.Lock() // only the goroutine that owns the loop gets here
		l.events, l.next = append(l.events[:0], batch[:n]...), 0
		l.mu.Unlock()
	}
}

// dispatch calls the handlers of the pending events. It returns false when the calling goroutine no
// longer owns the loop.
func (l *Loop) dispatch(generation uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next < len(l.events) && !l.watchdogArmed {
		l.watchdogArmed, l.watchdogSeen = true, l.dispatched
		l.watchdog.Reset(maxHandlerTime)
	}
	if l.observer != nil && l.next+1 < len(l.events) && l.generation == generation {
		l.inBatch = true
		l.observer.Begin()
	}
	for l.next < len(l.events) && l.generation == generation && !l.closed {
		ev := l.events[l.next]
		l.next++
		fd := int(ev.Fd)
		if fd >= len(l.registrations) || l.registrations[fd].handler == nil || l.registrations[fd].id != ev.Pad {
			continue
		}
		h := l.registrations[fd].handler
		l.call(generation, func() { h.OnReadable(ev.Events&hangupEvents != 0) })
	}
	l.turn(generation)
	if l.generation == generation {
		l.endBatch()
	}

	return l.generation == generation && !l.closed
}

// call calls a handler, without mu, which is held.
func (l *Loop) call(generation uint64, handler func()) {
	l.dispatched++
	l.dispatching = true
	l.mu.Unlock()
	handler()
	l.mu.Lock()
	if l.generation == generation {
		l.dispatching = false
	}
}

// turn gives one of those that want to go on its turn: between two of them, all that are readable
// by now are handled. Called with mu held.
func (l *Loop) turn(generation uint64) {
	if len(l.later) == 0 || l.generation != generation || l.closed {
		return
	}
	h := l.later[0]
	l.later[0] = nil
	if l.later = l.later[1:]; len(l.later) == 0 {
		l.later = nil
	}
	if !l.watchdogArmed {
		l.watchdogArmed, l.watchdogSeen = true, l.dispatched
		l.watchdog.Reset(maxHandlerTime)
	}
	l.call(generation, h.OnTurn)
}

func (l *Loop) hasLater() bool {
	l.mu.Lock()
	defer l.mu.Unlock()

	return len(l.later) > 0
}

// addLater has h called again, by OnTurn. It returns false if the loop is closed. The caller may be
// a handler of the goroutine that owns the loop, which looks before it waits, or any other
// goroutine.
func (l *Loop) addLater(h ReadHandler) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.later = append(l.later, h)
	if !l.dispatching { // the owner may be waiting
		l.poller.wakeUp()
	}

	return true
}

// endBatch is called with mu held, and releases it during the call of End.
func (l *Loop) endBatch() {
	if l.inBatch {
		l.inBatch = false
		l.mu.Unlock()
		l.observer.End()
		l.mu.Lock()
	}
}

// checkBlocked runs on the watchdog's timer: if the same handler is still running since the last
// check, a new goroutine takes the loop over.
func (l *Loop) checkBlocked() {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		l.watchdogArmed = false

		return
	case l.dispatching && l.dispatched == l.watchdogSeen:
		l.generation++
		l.dispatching = false
		l.goroutines.Add(1)
		go l.run(l.generation)
		l.endBatch()
	case l.dispatched == l.watchdogSeen: // no event was handled: the loop is idle
		l.watchdogArmed = false

		return
	}
	l.watchdogSeen = l.dispatched
	l.watchdog.Reset(maxHandlerTime)
}

// Close ends the loop. It waits for its goroutines, and so for handlers that are running.
func (l *Loop) Close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()

		return
	}
	l.closed = true
	l.watchdog.Stop()
	l.poller.wakeUp()
	l.mu.Unlock()
	l.goroutines.Wait()
	l.poller.close()
}

package netio

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Loop watches connections without a goroutine for each: its own goroutine is woken by any of them,
// and does the work of all. Should a watcher keep it for longer than it may, another goroutine
// takes the loop over, and the one that was kept ends when the watcher lets go of it. Safe for use
// by several goroutines.
type Loop struct {
	epoll      int
	file       *os.File // the same: the runtime's poller watches the one that watches all; so a loop that sleeps takes no thread
	epollConn  syscall.RawConn
	observer   BatchObserver // nil: nobody wants to know
	goroutines sync.WaitGroup

	mu            sync.Mutex
	registrations []registration       // guarded by mu; by file descriptor
	lastID        int32                // guarded by mu; how many were, the last one's number
	events        []syscall.EpollEvent // guarded by mu; that have come
	next          int                  // guarded by mu; events[next:] are not told
	generation    uint64               // guarded by mu; the number of whose goroutine has the loop
	dispatched    uint64               // guarded by mu; events that were told
	dispatching   bool                 // guarded by mu; a watcher is being told
	inBatch       bool                 // guarded by mu; around has begun
	closed        bool                 // guarded by mu

	blockedAt atomic.Int64 // when it was last taken over, in Unix nanoseconds; 0: long ago

	watchdog      *time.Timer // looks after the loop while it works
	watchdogArmed bool        // guarded by mu; guard is to come
	watchdogSeen  uint64      // guarded by mu; told, when guard last came
}

// Watcher is who is told of a connection.
type ReadHandler interface {
	// Wake is called when something has arrived, once for all that has: what is not read then is
	// not told again. Over: the other side has closed, or the connection is broken. It must not
	// block; it may be called once more after Remove.
	OnReadable(over bool)
}

// watching is a connection that is watched. A descriptor may be another connection's when an event
// is told that came for the one before: the number, which events carry, tells them apart.
type registration struct {
	handler ReadHandler // nil: nobody
	id      int32
}

const (
	// maxTelling is how long a watcher may keep the loop.
	maxHandlerTime = 10 * time.Millisecond
	// lately is how long a loop that was kept counts as such.
	blockedWindow = 250 * time.Millisecond
	maxEvents     = 128                                          // at once
	watchedEvents = syscall.EPOLLIN | syscall.EPOLLRDHUP | 1<<31 // EPOLLET: once for what arrives
	hangupEvents  = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
)

// NewLoop makes a loop, with a goroutine that Close ends. Around, if not nil, is told of every
// batch of several events. It returns nil where there is none to be had; nil is a Loop that takes
// nobody.
func NewLoop(around BatchObserver) *Loop {
	l := &Loop{observer: around, events: make([]syscall.EpollEvent, 0, maxEvents)}
	var err error
	if l.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil
	}
	_ = syscall.SetNonblock(l.epoll, true)
	l.file = os.NewFile(uintptr(l.epoll), "epoll")
	if l.epollConn, err = l.file.SyscallConn(); err != nil {
		_ = l.file.Close()

		return nil
	}
	l.watchdog = time.AfterFunc(time.Hour, l.checkBlocked)
	l.watchdog.Stop()
	l.goroutines.Add(1)
	go l.run(0)

	return l
}

// Add has w told of what arrives on b, and of what has arrived. It may be told before Add returns.
func (l *Loop) Add(b *RawConn, w ReadHandler) bool {
	if l == nil || !b.acquire() {
		return false
	}
	defer b.release()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if b.fd >= len(l.registrations) {
		l.registrations = append(l.registrations, make([]registration, b.fd+1-len(l.registrations))...)
	}
	l.lastID++
	l.registrations[b.fd] = registration{w, l.lastID}
	ev := syscall.EpollEvent{Events: watchedEvents, Fd: int32(b.fd), Pad: l.lastID}
	if err := syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, b.fd, &ev); err != nil {
		l.registrations[b.fd] = registration{}

		return false
	}

	return true
}

// Remove has w told of b no more. It is to be called before b is closed.
func (l *Loop) Remove(b *RawConn, w ReadHandler) {
	if l == nil || !b.acquire() {
		return
	}
	defer b.release()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed && b.fd < len(l.registrations) && l.registrations[b.fd].handler == w {
		l.registrations[b.fd] = registration{}
		_ = syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_DEL, b.fd, nil)
	}
}

// run is the goroutine that has the loop, until it is taken from it.
func (l *Loop) run(turn uint64) {
	defer l.goroutines.Done()
	var batch [maxEvents]syscall.EpollEvent
	var n int
	wait := func(uintptr) bool {
		n, _ = syscall.EpollWait(l.epoll, batch[:], 0)

		return n > 0
	}
	for l.dispatch(turn) {
		if err := l.epollConn.Read(wait); err != nil { // closed
			return
		}
		l.mu.Lock() // only who has the loop comes here
		l.events, l.next = append(l.events[:0], batch[:n]...), 0
		l.mu.Unlock()
	}
}

// tell tells the watchers of the events. It returns false when the goroutine has lost the loop.
func (l *Loop) dispatch(turn uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next < len(l.events) && !l.watchdogArmed {
		l.watchdogArmed, l.watchdogSeen = true, l.dispatched
		l.watchdog.Reset(maxHandlerTime)
	}
	if l.observer != nil && l.next+1 < len(l.events) && l.generation == turn {
		l.inBatch = true
		l.observer.Begin()
	}
	for l.next < len(l.events) && l.generation == turn && !l.closed {
		ev := l.events[l.next]
		l.next++
		fd := int(ev.Fd)
		if fd >= len(l.registrations) || l.registrations[fd].handler == nil || l.registrations[fd].id != ev.Pad {
			continue
		}
		w := l.registrations[fd].handler
		l.dispatched++
		l.dispatching = true
		l.mu.Unlock()
		w.OnReadable(ev.Events&hangupEvents != 0)
		l.mu.Lock()
		if l.generation == turn {
			l.dispatching = false
		}
	}
	if l.generation == turn {
		l.endBatch()
	}

	return l.generation == turn && !l.closed
}

// endBatch is called with mu held, and lets go of it meanwhile.
func (l *Loop) endBatch() {
	if l.inBatch {
		l.inBatch = false
		l.mu.Unlock()
		l.observer.End()
		l.mu.Lock()
	}
}

// look is what guard does: if the loop is where it was, it goes to another goroutine.
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
		l.blockedAt.Store(time.Now().UnixNano())
		l.goroutines.Add(1)
		go l.run(l.generation)
		l.endBatch()
	case l.dispatched == l.watchdogSeen: // nothing to do: it sleeps
		l.watchdogArmed = false

		return
	}
	l.watchdogSeen = l.dispatched
	l.watchdog.Reset(maxHandlerTime)
}

// Kept tells whether a watcher has kept the loop for too long, lately. Each that does costs all
// others of the loop that long: watchers should then leave to other goroutines what they otherwise
// need not.
func (l *Loop) RecentlyBlocked() bool {
	at := l.blockedAt.Load()
	if at == 0 {
		return false
	}
	if since := time.Now().UnixNano() - at; since >= 0 && since < int64(blockedWindow) {
		return true
	}
	l.blockedAt.CompareAndSwap(at, 0)

	return false
}

// Close ends the loop. It waits for its goroutines, and so for watchers that are being told.
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
	l.mu.Unlock()
	_ = l.file.Close()
	l.goroutines.Wait()
}

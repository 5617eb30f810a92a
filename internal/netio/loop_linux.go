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
	epoll  int
	file   *os.File // the same: the runtime's poller watches the one that watches all; so a loop that sleeps takes no thread
	ready  syscall.RawConn
	around Batch // nil: nobody wants to know
	ended  sync.WaitGroup

	mu       sync.Mutex
	watchers []watching           // guarded by mu; by file descriptor
	added    int32                // guarded by mu; how many were, the last one's number
	events   []syscall.EpollEvent // guarded by mu; that have come
	next     int                  // guarded by mu; events[next:] are not told
	turn     uint64               // guarded by mu; the number of whose goroutine has the loop
	told     uint64               // guarded by mu; events that were told
	telling  bool                 // guarded by mu; a watcher is being told
	batch    bool                 // guarded by mu; around has begun
	closed   bool                 // guarded by mu

	kept atomic.Int64 // when it was last taken over, in Unix nanoseconds; 0: long ago

	guard   *time.Timer // looks after the loop while it works
	guarded bool        // guarded by mu; guard is to come
	seen    uint64      // guarded by mu; told, when guard last came
}

// Watcher is who is told of a connection.
type Watcher interface {
	// Wake is called when something has arrived, once for all that has: what is not read then is
	// not told again. Over: the other side has closed, or the connection is broken. It must not
	// block; it may be called once more after Remove.
	Wake(over bool)
}

// watching is a connection that is watched. A descriptor may be another connection's when an event
// is told that came for the one before: the number, which events carry, tells them apart.
type watching struct {
	watcher Watcher // nil: nobody
	number  int32
}

const (
	// maxTelling is how long a watcher may keep the loop.
	maxTelling = 10 * time.Millisecond
	// lately is how long a loop that was kept counts as such.
	lately    = 250 * time.Millisecond
	maxEvents = 128                                          // at once
	watched   = syscall.EPOLLIN | syscall.EPOLLRDHUP | 1<<31 // EPOLLET: once for what arrives
	over      = syscall.EPOLLRDHUP | syscall.EPOLLHUP | syscall.EPOLLERR
)

// NewLoop makes a loop, with a goroutine that Close ends. Around, if not nil, is told of every
// batch of several events. It returns nil where there is none to be had; nil is a Loop that takes
// nobody.
func NewLoop(around Batch) *Loop {
	l := &Loop{around: around, events: make([]syscall.EpollEvent, 0, maxEvents)}
	var err error
	if l.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil
	}
	_ = syscall.SetNonblock(l.epoll, true)
	l.file = os.NewFile(uintptr(l.epoll), "epoll")
	if l.ready, err = l.file.SyscallConn(); err != nil {
		_ = l.file.Close()

		return nil
	}
	l.guard = time.AfterFunc(time.Hour, l.look)
	l.guard.Stop()
	l.ended.Add(1)
	go l.run(0)

	return l
}

// Add has w told of what arrives on b, and of what has arrived. It may be told before Add returns.
func (l *Loop) Add(b *Bare, w Watcher) bool {
	if l == nil || !b.enter() {
		return false
	}
	defer b.leave()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if b.fd >= len(l.watchers) {
		l.watchers = append(l.watchers, make([]watching, b.fd+1-len(l.watchers))...)
	}
	l.added++
	l.watchers[b.fd] = watching{w, l.added}
	ev := syscall.EpollEvent{Events: watched, Fd: int32(b.fd), Pad: l.added}
	if err := syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, b.fd, &ev); err != nil {
		l.watchers[b.fd] = watching{}

		return false
	}

	return true
}

// Remove has w told of b no more. It is to be called before b is closed.
func (l *Loop) Remove(b *Bare, w Watcher) {
	if l == nil || !b.enter() {
		return
	}
	defer b.leave()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed && b.fd < len(l.watchers) && l.watchers[b.fd].watcher == w {
		l.watchers[b.fd] = watching{}
		_ = syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_DEL, b.fd, nil)
	}
}

// run is the goroutine that has the loop, until it is taken from it.
func (l *Loop) run(turn uint64) {
	defer l.ended.Done()
	var batch [maxEvents]syscall.EpollEvent
	var n int
	wait := func(uintptr) bool {
		n, _ = syscall.EpollWait(l.epoll, batch[:], 0)

		return n > 0
	}
	for l.tell(turn) {
		if err := l.ready.Read(wait); err != nil { // closed
			return
		}
		l.mu.Lock() // only who has the loop comes here
		l.events, l.next = append(l.events[:0], batch[:n]...), 0
		l.mu.Unlock()
	}
}

// tell tells the watchers of the events. It returns false when the goroutine has lost the loop.
func (l *Loop) tell(turn uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.next < len(l.events) && !l.guarded {
		l.guarded, l.seen = true, l.told
		l.guard.Reset(maxTelling)
	}
	if l.around != nil && l.next+1 < len(l.events) && l.turn == turn {
		l.batch = true
		l.around.Begin()
	}
	for l.next < len(l.events) && l.turn == turn && !l.closed {
		ev := l.events[l.next]
		l.next++
		fd := int(ev.Fd)
		if fd >= len(l.watchers) || l.watchers[fd].watcher == nil || l.watchers[fd].number != ev.Pad {
			continue
		}
		w := l.watchers[fd].watcher
		l.told++
		l.telling = true
		l.mu.Unlock()
		w.Wake(ev.Events&over != 0)
		l.mu.Lock()
		if l.turn == turn {
			l.telling = false
		}
	}
	if l.turn == turn {
		l.endBatch()
	}

	return l.turn == turn && !l.closed
}

// endBatch is called with mu held, and lets go of it meanwhile.
func (l *Loop) endBatch() {
	if l.batch {
		l.batch = false
		l.mu.Unlock()
		l.around.End()
		l.mu.Lock()
	}
}

// look is what guard does: if the loop is where it was, it goes to another goroutine.
func (l *Loop) look() {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		l.guarded = false

		return
	case l.telling && l.told == l.seen:
		l.turn++
		l.telling = false
		l.kept.Store(time.Now().UnixNano())
		l.ended.Add(1)
		go l.run(l.turn)
		l.endBatch()
	case l.told == l.seen: // nothing to do: it sleeps
		l.guarded = false

		return
	}
	l.seen = l.told
	l.guard.Reset(maxTelling)
}

// Kept tells whether a watcher has kept the loop for too long, lately. Each that does costs all
// others of the loop that long: watchers should then leave to other goroutines what they otherwise
// need not.
func (l *Loop) Kept() bool {
	at := l.kept.Load()
	if at == 0 {
		return false
	}
	if since := time.Now().UnixNano() - at; since >= 0 && since < int64(lately) {
		return true
	}
	l.kept.CompareAndSwap(at, 0)

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
	l.guard.Stop()
	l.mu.Unlock()
	_ = l.file.Close()
	l.ended.Wait()
}

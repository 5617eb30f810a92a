package sock

import (
	"errors"
	"sync"
	"syscall"
)

// Lot is where connections wait without a goroutine each: one goroutine waits for all of them. Coming back from
// it costs a little more than being woken by the runtime, so it is for those that are idle. Safe for use by several goroutines.
type Lot struct {
	epoll int
	stop  [2]int // a pipe: what is written to it ends the goroutine
	ended chan struct{}

	mu      sync.Mutex
	waiters []Waiter // guarded by mu; by file descriptor
	closed  bool     // guarded by mu
}

// Waiter is whose connection waits.
type Waiter interface {
	// Wake is called once for every Park that returned true, unless the connection is closed: there is something to read, or the
	// other side has closed. It must not block. It may be called before Park returns.
	Wake()
}

// events are what a connection waits for: once, then it is to be parked again.
const events = syscall.EPOLLIN | syscall.EPOLLRDHUP | 1<<30 // EPOLLONESHOT

// NewLot makes a lot, with a goroutine that Close ends. It returns nil where there is none to be had; nil is a Lot that takes nobody.
func NewLot() *Lot {
	l := &Lot{ended: make(chan struct{})}
	var err error
	if l.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil
	}
	if err = syscall.Pipe2(l.stop[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		_ = syscall.Close(l.epoll)

		return nil
	}
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(l.stop[0])}
	if err = syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, l.stop[0], &ev); err != nil {
		l.release()

		return nil
	}
	go l.run()

	return l
}

// Park makes w wait for its connection. If it returns false, nothing has changed. The connection must not be
// read until Wake.
func (l *Lot) Park(c *Conn, w Waiter) bool {
	if l == nil || !c.Usable() {
		return false
	}
	parked := false
	err := c.raw.Control(func(fd uintptr) { parked = l.park(int(fd), w) })

	return err == nil && parked
}

func (l *Lot) park(fd int, w Waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	if fd >= len(l.waiters) {
		l.waiters = append(l.waiters, make([]Waiter, fd+1-len(l.waiters))...)
	}
	l.waiters[fd] = w
	ev := syscall.EpollEvent{Events: events, Fd: int32(fd)}
	err := syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_MOD, fd, &ev)
	if errors.Is(err, syscall.ENOENT) { // its first time; a descriptor that is closed leaves by itself
		err = syscall.EpollCtl(l.epoll, syscall.EPOLL_CTL_ADD, fd, &ev)
	}
	if err != nil {
		l.waiters[fd] = nil
	}

	return err == nil
}

// Leave takes a waiter out that woke by itself, while its connection is open.
func (l *Lot) Leave(c *Conn, w Waiter) {
	if l == nil {
		return
	}
	_ = c.raw.Control(func(fd uintptr) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if int(fd) < len(l.waiters) && l.waiters[fd] == w {
			l.waiters[fd] = nil
		}
	})
}

// run waits for all.
func (l *Lot) run() {
	defer close(l.ended)
	var batch [128]syscall.EpollEvent
	var awake [len(batch)]Waiter
	for {
		n, err := syscall.EpollWait(l.epoll, batch[:], -1)
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return
		}
		l.mu.Lock()
		closed := l.closed
		for i := range max(n, 0) {
			if fd := int(batch[i].Fd); fd < len(l.waiters) {
				awake[i], l.waiters[fd] = l.waiters[fd], nil
			}
		}
		l.mu.Unlock()
		if closed {
			return
		}
		for i := range max(n, 0) {
			if awake[i] != nil {
				awake[i].Wake()
				awake[i] = nil
			}
		}
	}
}

// Close ends the lot's goroutine. Who still waits is not woken.
func (l *Lot) Close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()

		return
	}
	l.closed = true
	l.mu.Unlock()
	_, _ = syscall.Write(l.stop[1], []byte{0})
	<-l.ended
	l.release()
}

func (l *Lot) release() {
	_ = syscall.Close(l.epoll)
	_ = syscall.Close(l.stop[0])
	_ = syscall.Close(l.stop[1])
}

package netio

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// poller waits for a loop's events: an epoll instance of the connections, and a way to wait for it.
// With traffic it waits in the system call itself, and keeps the processor meanwhile; then neither
// Go's scheduler nor another thread has a part in what comes next. Without traffic it parks the
// goroutine, as any that waits for the network: the alarm, an epoll instance that watches the other
// one, is watched by the runtime's poller, and tells only while it is armed.
type poller struct {
	epoll     int             // of the connections, and of wake
	wake      int             // an eventfd in epoll: a write ends the wait
	alarm     int             // an epoll instance of epoll
	alarmFile *os.File        // alarm
	alarmConn syscall.RawConn // alarmFile
	loops     int             // of the node, this one included

	// Owned by the goroutine that waits.
	armed   bool      // the alarm tells
	lingers bool      // there is a processor for everything else: see Loops
	yielded time.Time // when other goroutines had their turn
	events  []syscall.EpollEvent
	n       int
	look    func(uintptr) bool // made once: a method value is an allocation
}

const (
	// lingerTime is how long it waits, in milliseconds, with the processor kept.
	lingerTime = 1
	// yieldAfter is how long goroutines that were started meanwhile may wait for the processor.
	yieldAfter = time.Millisecond
)

// open makes the descriptors. It returns false, and leaves none, if the system has none.
func (p *poller) open(loops int) bool {
	fds := make([]int, 0, 3)
	for _, open := range []func() (int, error){
		func() (int, error) { return syscall.EpollCreate1(syscall.EPOLL_CLOEXEC) },
		func() (int, error) { return syscall.EpollCreate1(syscall.EPOLL_CLOEXEC) },
		func() (int, error) { return unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK) },
	} {
		fd, err := open()
		if err != nil {
			break
		}
		fds = append(fds, fd)
	}
	if len(fds) == cap(fds) {
		p.epoll, p.alarm, p.wake = fds[0], fds[1], fds[2]
		// Edge-triggered, each write to the eventfd is one event, and nothing need read it.
		ev := syscall.EpollEvent{Events: watchedEvents, Fd: int32(p.wake)}
		if syscall.EpollCtl(p.epoll, syscall.EPOLL_CTL_ADD, p.wake, &ev) == nil && p.arm(syscall.EPOLL_CTL_ADD, false) {
			_ = syscall.SetNonblock(p.alarm, true)
			p.alarmFile = os.NewFile(uintptr(p.alarm), "epoll")
			p.alarmConn, _ = p.alarmFile.SyscallConn() // it is open
			p.loops, p.look = loops, p.lookOrArm

			return true
		}
	}
	for _, fd := range fds {
		_ = syscall.Close(fd)
	}

	return false
}

// close frees the descriptors. Nothing may wait any more.
func (p *poller) close() {
	_ = p.alarmFile.Close()
	_ = syscall.Close(p.epoll)
	_ = syscall.Close(p.wake)
}

// wakeUp ends a wait.
func (p *poller) wakeUp() {
	one := [8]byte{1}
	_, _ = syscall.Write(p.wake, one[:])
}

// pending returns how many events there are now.
func (p *poller) pending(events []syscall.EpollEvent) int { return poll(p.epoll, events, 0) }

// wait waits for events, and returns how many there are. Traffic: the last wait has had some.
func (p *poller) wait(events []syscall.EpollEvent, traffic bool) (n int, err error) {
	if traffic {
		p.yield()
		if p.lingers {
			if n = poll(p.epoll, events, lingerTime); n > 0 {
				return n, nil
			}
		}
	}
	p.events = events
	err = p.alarmConn.Read(p.look)
	p.events = nil

	return p.n, err
}

// yield lets other goroutines have their turn, and looks whether there are more processors than
// loops: their number may change while the program runs.
func (p *poller) yield() {
	now := time.Now()
	if now.Sub(p.yielded) <= yieldAfter {
		return
	}
	if p.lingers {
		runtime.Gosched()
	}
	p.lingers = runtime.GOMAXPROCS(0) > p.loops
	p.yielded = now
}

// lookOrArm returns false if there is no event, and has the alarm tell of the next one.
func (p *poller) lookOrArm(uintptr) bool {
	p.n = poll(p.epoll, p.events, 0)
	if p.n == 0 && !p.armed {
		p.arm(syscall.EPOLL_CTL_MOD, true)
		p.n = poll(p.epoll, p.events, 0) // what came before is not told if something is left of the last time
	}
	if p.n > 0 && p.armed {
		p.arm(syscall.EPOLL_CTL_MOD, false)
	}

	return p.n > 0
}

// arm has the alarm tell, or no longer tell, that there are events.
func (p *poller) arm(op int, on bool) bool {
	p.armed = on
	var ev syscall.EpollEvent
	if on {
		ev.Events = syscall.EPOLLIN
	}

	return syscall.EpollCtl(p.alarm, op, p.epoll, &ev) == nil
}

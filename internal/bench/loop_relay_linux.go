package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// canLoop tells that the machine's floor can be measured here.
const canLoop = true

const (
	loopReadBuffer = 128 << 10 // one for all connections; the longest frame
	loopEvents     = 256       // in one turn
	maxLoopOutput  = 64 << 20  // bytes that a connection does not take; then it is closed
	noUser         = relayHello
)

// loopRelay is the machine's floor: the relay of relay.go, with the same frames, as one thread with
// epoll_wait, read and write. Messages cause no allocation, no lock, no goroutine switch and no
// futile call.
type loopRelay struct {
	epoll, listener, stop int         // descriptors; stop is an eventfd, whose event ends the loop
	conns                 []*loopConn // by descriptor
	users                 [relayUsers]*loopConn
	link                  *loopConn           // the other relay
	in                    []byte              // what a read returned, used up before the next one
	addr                  *unix.SockaddrInet4 // of the listener
}

// loopConn is a connection of a client or of the other relay.
type loopConn struct {
	fd      int
	user    uint32 // noUser: the first frame has not arrived, or this is the link
	rest    []byte // the beginning of a frame
	out     []byte // to be written
	blocked bool   // EPOLLOUT is awaited
}

// ServeLoopRelay is ServeRelay for the machine's floor. It takes the calling goroutine's thread,
// and a processor of the Go scheduler, for itself.
func ServeLoopRelay(ctx context.Context, join string, announce func(name, value string)) error {
	r := newLoopRelay()
	defer r.close()
	if err := r.open(); err != nil {
		return fmt.Errorf("the relay: %w", err)
	}
	if join != "" {
		if err := r.join(join); err != nil {
			return fmt.Errorf("the other relay: %w", err)
		}
	}
	unwatch := context.AfterFunc(ctx, func() {
		_, _ = unix.Write(r.stop, binary.NativeEndian.AppendUint64(nil, 1))
	})
	defer unwatch()
	announce("clients", fmt.Sprintf("127.0.0.1:%d", r.addr.Port))
	announce("ready", "")

	return r.run()
}

// OwnProcessor prepares this process for ServeLoopRelay: the second processor of the Go scheduler
// is for the signal that ends the process, and is idle until then. The collector is off.
func OwnProcessor() {
	runtime.GOMAXPROCS(2)
	debug.SetGCPercent(-1)
}

func newLoopRelay() *loopRelay {
	return &loopRelay{epoll: -1, listener: -1, stop: -1, in: make([]byte, loopReadBuffer)}
}

func (r *loopRelay) open() (err error) {
	if r.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	if r.stop, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	r.listener, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.Bind(r.listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	if err := unix.Listen(r.listener, unix.SOMAXCONN); err != nil {
		return os.NewSyscallError("listen", err)
	}
	addr, err := unix.Getsockname(r.listener)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	var ok bool
	if r.addr, ok = addr.(*unix.SockaddrInet4); !ok {
		return errRelay
	}

	return errors.Join(r.watch(r.listener), r.watch(r.stop))
}

func (r *loopRelay) watch(fd int) error {
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(r.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}))
}

// join connects to the other relay.
func (r *loopRelay) join(addr string) error {
	to, err := parseLoopback(addr)
	if err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(fd, to); err != nil {
		_ = unix.Close(fd)

		return os.NewSyscallError("connect", err)
	}
	if r.link, err = r.add(fd); err != nil {
		return err
	}
	r.send(r.link, binary.BigEndian.AppendUint32([]byte{0, 0, 0, 4}, relayHello))
	r.flush(r.link)

	return nil
}

// add watches a connection. With an error the connection is closed.
func (r *loopRelay) add(fd int) (*loopConn, error) {
	err := errors.Join(
		os.NewSyscallError("fcntl", unix.SetNonblock(fd, true)),
		os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)),
		r.watch(fd))
	if err != nil {
		_ = unix.Close(fd)

		return nil, err
	}
	c := &loopConn{fd: fd, user: noUser}
	r.conns = append(r.conns, make([]*loopConn, max(fd+1-len(r.conns), 0))...)
	r.conns[fd] = c

	return c, nil
}

func (r *loopRelay) close() {
	for _, c := range r.conns {
		if c != nil {
			r.drop(c)
		}
	}
	for _, fd := range []int{r.listener, r.stop, r.epoll} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// drop closes a connection.
func (r *loopRelay) drop(c *loopConn) {
	if r.conns[c.fd] != c { // dropped already
		return
	}
	r.conns[c.fd] = nil
	if c == r.link {
		r.link = nil
	}
	if c.user < relayUsers && r.users[c.user] == c {
		r.users[c.user] = nil
	}
	_ = unix.Close(c.fd)
}

// run is the loop, until stop has an event.
func (r *loopRelay) run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	events := make([]unix.EpollEvent, loopEvents)
	for {
		n, errno := rawEpollWait(r.epoll, events)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return os.NewSyscallError("epoll_wait", errno)
		}
		if r.turn(events[:n]) {
			return nil
		}
	}
}

// turn handles all that one epoll_wait returned. What it has for the other relay is written at its
// end, with one call. It returns true when the loop has to end.
func (r *loopRelay) turn(events []unix.EpollEvent) (over bool) {
	for i := range events {
		ev := &events[i]
		switch fd := int(ev.Fd); fd {
		case r.stop:
			return true
		case r.listener:
			r.accept()
		default:
			r.handle(r.conns[fd], ev.Events)
		}
	}
	if r.link != nil && !r.link.blocked {
		r.flush(r.link)
	}

	return false
}

func (r *loopRelay) accept() {
	if fd, _, err := unix.Accept4(r.listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC); err == nil {
		_, _ = r.add(fd)
	}
}

func (r *loopRelay) handle(c *loopConn, events uint32) {
	if c != nil && events&unix.EPOLLOUT != 0 {
		r.flush(c)
	}
	if c != nil && events&^unix.EPOLLOUT != 0 && r.conns[c.fd] == c {
		r.read(c)
	}
}

// read reads once, and forwards all complete frames. If more has arrived, the next turn reads it.
func (r *loopRelay) read(c *loopConn) {
	begun := copy(r.in, c.rest)
	n, errno := rawRead(c.fd, r.in[begun:])
	if errno == unix.EAGAIN || errno == unix.EINTR {
		return
	}
	if n <= 0 {
		r.drop(c)

		return
	}
	rest, err := r.forward(c, r.in[:begun+n])
	if err != nil {
		r.drop(c)

		return
	}
	c.rest = append(c.rest[:0], rest...)
}

// forward sends frames on, those in a row with one destination together. It returns the beginning
// of a frame that has not all arrived.
func (r *loopRelay) forward(c *loopConn, data []byte) (rest []byte, err error) {
	var to *loopConn
	begin, end := 0, 0 // of what goes to it
	for len(data)-end >= relayHeader {
		size := 4 + int(binary.BigEndian.Uint32(data[end:]))
		if size < relayHeader || size > len(r.in) {
			return nil, errRelay
		}
		if len(data)-end < size {
			break
		}
		dest, err := r.destination(c, binary.BigEndian.Uint32(data[end+4:]))
		if err != nil {
			return nil, err
		}
		if dest != to {
			r.send(to, data[begin:end])
			to, begin = dest, end
		}
		end += size
	}
	r.send(to, data[begin:end])

	return data[end:], nil
}

// destination is where a frame from c goes; nil: it is dropped.
func (r *loopRelay) destination(c *loopConn, to uint32) (*loopConn, error) {
	if c.user == noUser && c != r.link {
		return r.hello(c, to)
	}
	if to >= relayUsers {
		return nil, errRelay
	}
	if user := r.users[to]; user != nil || c == r.link {
		return user, nil
	}

	return r.link, nil
}

// hello handles a connection's first frame. That of a client goes back to it.
func (r *loopRelay) hello(c *loopConn, user uint32) (*loopConn, error) {
	if user == relayHello {
		r.link = c

		return nil, nil //nolint:nilnil // dropped: see destination
	}
	if user >= relayUsers {
		return nil, errRelay
	}
	c.user, r.users[user] = user, c

	return c, nil
}

// send writes to a client, and keeps for later what it does not take and what is for the other
// relay.
func (r *loopRelay) send(c *loopConn, data []byte) {
	if c == nil || len(data) == 0 {
		return
	}
	if c != r.link && !c.blocked {
		n, errno := rawWrite(c.fd, data)
		if errno != 0 && errno != unix.EAGAIN {
			return // the next read has the error
		}
		if data = data[max(n, 0):]; len(data) == 0 {
			return
		}
		r.await(c, true)
	}
	if c.out = append(c.out, data...); len(c.out) > maxLoopOutput {
		_ = unix.Shutdown(c.fd, unix.SHUT_RDWR)
		c.out = nil
	}
}

// flush writes what was kept.
func (r *loopRelay) flush(c *loopConn) {
	if len(c.out) > 0 {
		n, errno := rawWrite(c.fd, c.out)
		if errno != 0 && errno != unix.EAGAIN {
			n = len(c.out) // the next read has the error
		}
		c.out = c.out[:copy(c.out, c.out[max(n, 0):])]
	}
	if blocked := len(c.out) > 0; blocked != c.blocked {
		r.await(c, blocked)
	}
}

// await has the loop call flush as soon as c takes bytes again.
func (r *loopRelay) await(c *loopConn, blocked bool) {
	c.blocked = blocked
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)}
	if blocked {
		ev.Events |= unix.EPOLLOUT
	}
	_ = unix.EpollCtl(r.epoll, unix.EPOLL_CTL_MOD, c.fd, &ev)
}

package link

import (
	"errors"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// When a process is killed the kernel closes its descriptors one by one, the highest number first,
// at some 15 µs each. Other nodes notice the death when a link's connection and the listener are
// closed. So both have numbers above those of the clients: then 8,000 clients do not delay the
// notice.

// highest bounds the numbers: a table of descriptors takes 8 bytes for each number up to the
// highest.
const highest = 1 << 16

// lowestHigh is the smallest number that a lifted descriptor gets: the last eighth of what the
// process may open.
func lowestHigh() (int, bool) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur < 256 {
		return 0, false
	}
	n := int(min(limit.Cur, highest))

	return n - n/8, true
}

// lift moves a socket to a high descriptor, and closes the old one. It returns nil if that fails;
// then the old one is still open.
func lift(socket syscall.Conn, closeOld func() error) *os.File {
	from, ok := lowestHigh()
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	fd := -1
	err = raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, from)
	})
	if err != nil || fd < 0 {
		return nil
	}
	file := os.NewFile(uintptr(fd), "link") // the socket does not block: the runtime's poller takes it
	_ = closeOld()

	return file
}

// fileConn is a TCP connection with a high descriptor.
type fileConn struct {
	*os.File

	local, remote net.Addr
}

func liftConn(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	local, remote := tcp.LocalAddr(), tcp.RemoteAddr()
	if file := lift(tcp, tcp.Close); file != nil {
		return &fileConn{file, local, remote}
	}

	return conn
}

// LocalAddr implements net.Conn.
func (c *fileConn) LocalAddr() net.Addr { return c.local }

// RemoteAddr implements net.Conn.
func (c *fileConn) RemoteAddr() net.Addr { return c.remote }

// CloseWrite tells the other side that nothing more comes.
func (c *fileConn) CloseWrite() error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(fd uintptr) { err = unix.Shutdown(int(fd), unix.SHUT_WR) }); e != nil {
		return e
	}

	return err
}

// fileListener is a TCP listener with a high descriptor.
type fileListener struct {
	file *os.File
	raw  syscall.RawConn
	addr net.Addr
}

func liftListener(ln net.Listener) net.Listener {
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return ln
	}
	addr := tcp.Addr()
	file := lift(tcp, tcp.Close)
	if file == nil {
		return ln
	}
	raw, err := file.SyscallConn()
	if err != nil { // it is open
		panic(err)
	}

	return &fileListener{file, raw, addr}
}

// Accept implements net.Listener.
func (l *fileListener) Accept() (net.Conn, error) {
	fd, err := -1, error(nil)
	var from unix.Sockaddr
	if e := l.raw.Read(func(listener uintptr) bool {
		fd, from, err = unix.Accept4(int(listener), unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)

		return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.ECONNABORTED)
	}); e != nil {
		return nil, net.ErrClosed
	}
	if err != nil {
		return nil, os.NewSyscallError("accept4", err)
	}
	if low, ok := lowestHigh(); ok {
		if high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, low); err == nil {
			_ = unix.Close(fd)
			fd = high
		}
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	local, _ := unix.Getsockname(fd)

	return &fileConn{os.NewFile(uintptr(fd), "link"), tcpAddr(local), tcpAddr(from)}, nil
}

// Close implements net.Listener.
func (l *fileListener) Close() error { return l.file.Close() }

// Addr implements net.Listener.
func (l *fileListener) Addr() net.Addr { return l.addr }

func tcpAddr(a unix.Sockaddr) net.Addr {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return &net.TCPAddr{IP: append(net.IP(nil), a.Addr[:]...), Port: a.Port}
	case *unix.SockaddrInet6:
		return &net.TCPAddr{IP: append(net.IP(nil), a.Addr[:]...), Port: a.Port}
	}

	return &net.TCPAddr{}
}

package bench

import (
	"net/netip"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The three system calls of the machine's floor. They do not tell the Go scheduler, which would
// give the processor away and take it back at each call.

func rawEpollWait(epoll int, events []unix.EpollEvent) (n int, errno unix.Errno) {
	const forever = ^uintptr(0)                    // -1 ms
	at := unsafe.Pointer(unsafe.SliceData(events)) //nolint:gosec // for the call below, which the slice outlives
	r, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(at), uintptr(len(events)), forever, 0, 0)
	runtime.KeepAlive(events)

	return int(r), errno
}

func rawRead(fd int, buf []byte) (n int, errno unix.Errno) {
	at := unsafe.Pointer(unsafe.SliceData(buf)) //nolint:gosec // for the call below, which the slice outlives
	r, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(at), uintptr(len(buf)))
	runtime.KeepAlive(buf)

	return int(r), errno
}

func rawWrite(fd int, data []byte) (n int, errno unix.Errno) {
	at := unsafe.Pointer(unsafe.SliceData(data)) //nolint:gosec // for the call below, which the slice outlives
	r, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(at), uintptr(len(data)))
	runtime.KeepAlive(data)

	return int(r), errno
}

// parseLoopback reads an IPv4 address and port.
func parseLoopback(addr string) (*unix.SockaddrInet4, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	if !at.Addr().Is4() {
		return nil, errRelay
	}

	return &unix.SockaddrInet4{Addr: at.Addr().As4(), Port: int(at.Port())}, nil
}

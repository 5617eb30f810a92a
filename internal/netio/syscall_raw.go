//go:build linux && !race && !msan && !asan

package netio

import (
	"syscall"
	"unsafe"
)

// System calls that cannot block go past the scheduler: it prepares for a call that blocks, and its
// monitor takes the processor away from a goroutine whose call it meets twice, which under load is
// any call.

func readNow(fd int, p []byte) (int, error) { return rawIO(syscall.SYS_READ, fd, p) }

func writeNow(fd int, p []byte) (int, error) { return rawIO(syscall.SYS_WRITE, fd, p) }

func rawIO(call uintptr, fd int, p []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
	if errno != 0 {
		return -1, errno
	}

	return int(n), nil
}

// pollNow returns the events that are pending.
func pollNow(epoll int, events []syscall.EpollEvent) int {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epoll),
		uintptr(unsafe.Pointer(unsafe.SliceData(events))), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}

	return int(n)
}

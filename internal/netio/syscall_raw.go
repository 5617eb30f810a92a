//go:build linux && !386 && !race && !msan && !asan

package netio

import (
	"syscall"
	"unsafe"
)

// System calls that cannot block go past the scheduler: it prepares for a call that blocks, and its
// monitor takes the processor away from a goroutine whose call it meets twice, which under load is
// any call.

// Recvfrom and sendto reach the socket with less on the way than read and write of any file. Of 386
// package syscall does not know them.

func readNow(fd int, p []byte) (int, syscall.Errno) {
	return rawIO(syscall.SYS_RECVFROM, fd, p, syscall.MSG_DONTWAIT)
}

func writeNow(fd int, p []byte) (int, syscall.Errno) {
	return rawIO(syscall.SYS_SENDTO, fd, p, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
}

func rawIO(call uintptr, fd int, p []byte, flags uintptr) (int, syscall.Errno) {
	start := unsafe.Pointer(unsafe.SliceData(p)) //nolint:gosec // the kernel gets the slice as it is
	n, _, errno := syscall.RawSyscall6(call, uintptr(fd), uintptr(start), uintptr(len(p)), flags, 0, 0)

	return int(n), errno
}

// poll returns how many events there are, after at most some milliseconds.
func poll(epoll int, events []syscall.EpollEvent, ms int) int {
	start := unsafe.Pointer(unsafe.SliceData(events)) //nolint:gosec // as above
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(start), uintptr(len(events)), uintptr(ms), 0, 0)
	if errno != 0 {
		return 0
	}

	return int(n)
}

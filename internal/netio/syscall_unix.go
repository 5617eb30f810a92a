//go:build unix && (!linux || 386 || race || msan || asan)

package netio

import "syscall"

// The race detector learns from these calls what happens before what.

func readNow(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Read(fd, p)) }

func writeNow(fd int, p []byte) (int, syscall.Errno) { return result(syscall.Write(fd, p)) }

func result(n int, err error) (int, syscall.Errno) {
	errno, _ := err.(syscall.Errno) //nolint:errorlint // these calls wrap nothing

	return n, errno
}

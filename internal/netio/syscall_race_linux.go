//go:build 386 || race || msan || asan

package netio

import "syscall"

// poll returns how many events there are, after at most some milliseconds.
func poll(epoll int, events []syscall.EpollEvent, ms int) int {
	n, _ := syscall.EpollWait(epoll, events, ms)

	return max(0, n)
}

//go:build race || msan || asan

package netio

import "syscall"

// pollNow returns the events that are pending.
func pollNow(epoll int, events []syscall.EpollEvent) int {
	n, _ := syscall.EpollWait(epoll, events, 0)

	return max(0, n)
}

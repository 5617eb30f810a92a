package netio

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Tune sets TCP_NODELAY, and TCP_USER_TIMEOUT: the system gives up a connection whose peer has
// acknowledged nothing, or has had no room, for giveUp.
func Tune(conn net.Conn, giveUp time.Duration) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(giveUp.Milliseconds()))
	})
}

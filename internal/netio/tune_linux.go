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
	setOption(conn, unix.TCP_NODELAY, 1)
	setOption(conn, unix.TCP_USER_TIMEOUT, int(giveUp.Milliseconds()))
}

// LimitUnsent bounds the bytes of a TCP connection that the system has accepted and not sent yet
// (TCP_NOTSENT_LOWAT): beyond them a write has to wait. Without it the system takes megabytes for a
// peer that reads slowly.
func LimitUnsent(conn net.Conn, n int) { setOption(conn, unix.TCP_NOTSENT_LOWAT, n) }

func setOption(conn net.Conn, option, value int) {
	c, ok := underlying(conn).(syscall.Conn)
	if !ok {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, option, value) })
}

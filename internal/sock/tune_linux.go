package sock

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// Tune has small writes sent at once, and has the system give up a connection whose peer has acknowledged nothing, or has had no
// room, for so long.
func Tune(conn net.Conn, giveUp time.Duration) {
	c, ok := conn.(*net.TCPConn)
	if !ok {
		return
	}
	_ = c.SetNoDelay(true)
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(giveUp.Milliseconds()))
	})
}

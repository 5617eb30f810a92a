package bench

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// portAtConnect has the system choose the port of a bound socket when it connects, which may be one
// that other connections to other addresses have. A port that is chosen for the address alone is
// searched for among all, and takes longer with each connection.
func portAtConnect(_, _ string, c syscall.RawConn) error {
	var failed error
	err := c.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
	if err != nil {
		return err
	}

	return failed
}

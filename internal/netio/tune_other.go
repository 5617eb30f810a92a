//go:build !linux

package netio

import (
	"net"
	"time"
)

// Tune has small writes sent at once.
func Tune(conn net.Conn, _ time.Duration) {
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetNoDelay(true)
	}
}

//go:build !linux

package netio

import (
	"net"
	"time"
)

// Tune sets TCP_NODELAY.
func Tune(conn net.Conn, _ time.Duration) {
	if c, ok := underlying(conn).(*net.TCPConn); ok {
		_ = c.SetNoDelay(true)
	}
}

// LimitUnsent does nothing on this system.
func LimitUnsent(net.Conn, int) {}

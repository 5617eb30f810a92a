//go:build !linux

package gateway

import (
	"net"
	"time"
)

// tuneTCP has small frames sent at once.
func tuneTCP(conn net.Conn, _ time.Duration) {
	if c, ok := conn.(*net.TCPConn); ok {
		_ = c.SetNoDelay(true)
	}
}

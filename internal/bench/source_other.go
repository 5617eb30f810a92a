//go:build !linux

package bench

import "syscall"

// portAtConnect does nothing.
func portAtConnect(_, _ string, _ syscall.RawConn) error { return nil }

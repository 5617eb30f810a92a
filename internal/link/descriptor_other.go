//go:build !linux

package link

import "net"

func liftConn(conn net.Conn) net.Conn { return conn }

func liftListener(ln net.Listener) net.Listener { return ln }

package testkit

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Port finds an address on loopback whose port is free now.
func Port(tb testing.TB) string {
	tb.Helper()
	var lc net.ListenConfig
	ln, err := lc.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer ln.Close()

	return ln.Addr().String()
}

// CorePort finds an address on loopback whose port is free together with the next one, outside the
// range that the system takes ports of outgoing connections from.
func CorePort(tb testing.TB) string {
	tb.Helper()
	var lc net.ListenConfig
	for range 100 {
		port := 10000 + rand.IntN(20000)
		first, err := lc.Listen(tb.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		first.Close()
		second, err := lc.Listen(tb.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port+1))
		if err == nil {
			second.Close()

			return first.Addr().String()
		}
	}
	tb.Fatal("no two ports in a row are free")

	return ""
}

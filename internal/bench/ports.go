package bench

import (
	"context"
	"fmt"
	"io"
	"net"
)

// freeAddrs chooses n addresses on loopback whose ports the system has free for TCP and UDP. All
// are held until the last one is chosen, so that no two are the same. Another program may still
// take one before its node does: the start is tried again then.
func freeAddrs(ctx context.Context, n int) (addrs []string, err error) {
	var held []io.Closer
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	var listen net.ListenConfig
	for len(addrs) < n {
		ln, err := listen.Listen(ctx, "tcp", loopback)
		if err != nil {
			return nil, fmt.Errorf("no free port: %w", err)
		}
		held = append(held, ln)
		packets, err := listen.ListenPacket(ctx, "udp", ln.Addr().String())
		if err != nil {
			continue
		}
		held = append(held, packets)
		addrs = append(addrs, ln.Addr().String())
	}

	return addrs, nil
}

package natsbench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const startTime = 10 * time.Second

// Serve runs a server until ctx ends. It takes clients at listen, an IP address and a port; port 0
// is chosen by the system. If join is not empty, it is the cluster address of another one. It
// announces where it listens.
func Serve(ctx context.Context, name, listen, join string, announce func(name, value string)) error {
	at, err := netip.ParseAddrPort(listen)
	if err != nil {
		return fmt.Errorf("NATS server: %w", err)
	}
	port := int(at.Port())
	if port == 0 {
		port = server.RANDOM_PORT
	}
	o := &server.Options{
		ServerName: name,
		Host:       at.Addr().String(),
		Port:       port,
		NoSigs:     true,
		NoLog:      true,
		Cluster:    server.ClusterOpts{Name: "bench", Host: "127.0.0.1", Port: server.RANDOM_PORT},
	}
	if join != "" {
		o.Routes = []*url.URL{{Scheme: "nats-route", Host: join}}
	}
	s, err := server.NewServer(o)
	if err != nil {
		return fmt.Errorf("NATS server: %w", err)
	}
	s.Start()
	defer func() {
		s.Shutdown()
		s.WaitForShutdown()
	}()
	if !s.ReadyForConnections(startTime) {
		return errors.New("NATS server: it does not start")
	}
	announce("clients", s.Addr().String())
	announce("cluster", s.ClusterAddr().String())
	announce("ready", "")
	<-ctx.Done()

	return nil
}

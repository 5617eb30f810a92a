package natsbench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const startTime = 10 * time.Second

// Serve runs a server until ctx ends. If join is not empty, it is the cluster address of another one. It announces
// where it listens.
func Serve(ctx context.Context, name, join string, announce func(name, value string)) error {
	o := &server.Options{
		ServerName: name,
		Host:       "127.0.0.1",
		Port:       server.RANDOM_PORT,
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

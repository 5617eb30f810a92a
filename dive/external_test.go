package dive_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/storages"
)

// natsServer is a NATS server as an operator may have one, with JetStream.
func natsServer(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir(),
		Username: "parley", Password: "a password",
	})
	noError(t, err)
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}

	return s
}

func TestStoragesCanBeOnANATSClusterThatRunsAlready(t *testing.T) {
	external := natsServer(t, server.RANDOM_PORT)
	addr := external.Addr().String()
	var clients []*dive.Storage
	for _, o := range []dive.Options{{}, {}, {Replicas: 3, Timeout: 200 * time.Millisecond}} {
		m := dive.NewModule()
		name := "Test"
		if o.Replicas > 1 {
			name = "Replicated"
		}
		s, err := m.New(name, &o)
		noError(t, err)
		noError(t, storages.Of(m).Start(natsnode.Config{Node: "n", Clustered: true, URL: "nats://parley:a%20password@" + addr, Log: slog.New(slog.DiscardHandler)}, 0))
		t.Cleanup(func() { stop(m) })
		clients = append(clients, s)
	}
	check(t, record(t, clients[:2], 50))
	err := clients[2].Set("k", 1)
	if !errors.Is(err, dive.ErrUnavailable) {
		t.Errorf("three replicas on one server: %v", err)
	}
	t.Log(err)
}

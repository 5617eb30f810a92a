package parley_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/dive"
)

const matches = `{"storages": {"Matches": {"defaultTTL": 60, "timeout": "15s"}}}`

// storageNode starts a node; edit sees its settings before.
func storageNode(t *testing.T, name string, edit func(*parley.Config)) (*parley.Server, error) {
	t.Helper()
	cfg := parley.Config{Node: name, TCP: "127.0.0.1:0", HTTP: "127.0.0.1:0", AuthKey: testKey, LogLevel: "error", Dive: json.RawMessage(matches)}
	edit(&cfg)
	s, err := parley.New(cfg)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = s.Stop(ctx)
	})

	return s, nil
}

// runsNATS tells whether a goroutine of NATS runs in this process.
func runsNATS() bool {
	stacks := make([]byte, 8<<20)

	return strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "nats-io")
}

func TestASingleNodeKeepsItsStoragesByItself(t *testing.T) {
	s, err := storageNode(t, "n1", func(*parley.Config) {})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Dive().GetStorageByName("Matches")
	if n, err := m.IncrBy("k", 2).ToInt(); err != nil || n != 2 {
		t.Errorf("got %d, %v", n, err)
	}
	if !runsNATS() {
		t.Error("no goroutine of NATS is seen: the next test would see none either")
	}
}

func TestWithoutStoragesNothingOfNATSRuns(t *testing.T) {
	if _, err := storageNode(t, "n1", func(c *parley.Config) { c.Dive = nil }); err != nil {
		t.Fatal(err)
	}
	if runsNATS() {
		t.Error("a goroutine of NATS runs")
	}
}

func TestNodesOfAClusterShareStorages(t *testing.T) {
	core := testkit.CorePort(t)
	var join []string
	start := func(name string, edit func(*parley.Config)) *dive.Storage {
		s, err := storageNode(t, name, func(c *parley.Config) {
			c.Cluster, c.ClusterSecret, c.Join, c.CoreNodes = "127.0.0.1:0", testSecret, join, []string{core}
			edit(c)
		})
		if err != nil {
			t.Fatal(err)
		}
		join = append(join, s.ClusterAddr())

		return s.Dive().GetStorageByName("Matches")
	}
	first := start("n1", func(c *parley.Config) { c.Core = core })
	second := start("n2", func(*parley.Config) {})
	if err := second.RPush("queue", "a", "b"); err != nil {
		t.Fatal(err)
	}
	got, err := first.LPop("queue", 1)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	if text, err := got[0].ToString(); err != nil || text != "a" {
		t.Errorf("got %q, %v", text, err)
	}
	stranger := start("n3", func(c *parley.Config) {
		c.ClusterSecret, c.Join = "another secret of a cluster", nil
		c.Dive = json.RawMessage(`{"storages": {"Matches": {"timeout": "1s"}}}`)
	})
	if err := stranger.Get("queue").Err(); !errors.Is(err, dive.ErrUnavailable) {
		t.Errorf("a node with another secret: %v", err)
	}
}

func TestStoragesThatCannotBeAreRefusedAtStart(t *testing.T) {
	clustered := func(c *parley.Config) { c.Cluster, c.ClusterSecret = "127.0.0.1:0", testSecret }
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for want, edit := range map[string]func(*parley.Config){
		`asks for 3 replicas, and there can be 1: start 3 core nodes (--core on each, and all of them in --core-nodes of every node)`: func(c *parley.Config) {
			c.Dive = json.RawMessage(`{"storages": {"Matches": {"replicas": 3}}}`)
		},
		`asks for 5 replicas, and there can be 3: name 5 core nodes with --core-nodes, or set its replicas to 3`: func(c *parley.Config) {
			clustered(c)
			c.CoreNodes = []string{"127.0.0.1:1", "127.0.0.1:3", "127.0.0.1:5"}
			c.Dive = json.RawMessage(`{"storages": {"Matches": {"replicas": 5}}}`)
		},
		"storages in a cluster need core nodes: give every node --core-nodes": clustered,
		`dive: line 1: unknown key "storage" (did you mean "storages"?)`: func(c *parley.Config) {
			c.Dive = json.RawMessage(`{"storage": {}}`)
		},
		"address already in use": func(c *parley.Config) {
			clustered(c)
			c.Core, c.CoreNodes = taken.Addr().String(), []string{taken.Addr().String()}
		},
	} {
		begun := time.Now()
		if _, err := storageNode(t, "n1", edit); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error is\n  %v, want\n  %s", err, want)
		}
		if took := time.Since(begun); took > patience/2 {
			t.Errorf("it took %s", took)
		}
	}
	if runsNATS() {
		t.Error("a goroutine of NATS runs")
	}
}

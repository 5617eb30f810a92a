package main

import (
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parley-dm/parley/internal/bench"
)

// floors are those that are measured on this system.
func floors() []string {
	if runtime.GOOS == "linux" {
		return []string{"machine floor", "Go floor"}
	}

	return []string{"Go floor"}
}

func TestBenchMeasuresSeveralBinariesInTurn(t *testing.T) {
	_, all := measure[[]bench.Logins](t, "connect", "--users", "10", "--rest", "10ms", "--binary", "before="+os.Args[0], "--binary", "after=self")
	if len(all) != 2 || all[0].Binary != "before" || all[1].Binary != "after" {
		t.Errorf("%+v", all)
	}
}

func TestBenchComparesWithTheFloorAndNATS(t *testing.T) {
	out, c := measure[bench.Comparison](t, "compare", "--rounds", "2", "--pairs", "5", "--duration", "100ms", "--warmup", "20ms",
		"--users", "0", "--samples", "0", "--notice", "0", "--markdown")
	if len(c.Contenders) != len(floors())+2 || len(c.First)+len(c.Notice)+len(c.Idle) > 0 {
		t.Fatalf("%+v", c)
	}
	for _, one := range c.Contenders {
		if one.P50 <= 0 || one.P50 > one.P99 || one.P99 > one.P999 || one.PerSecond <= 0 || one.GoRatios.P50 <= 0 || one.GoRatios.PerSecond <= 0 {
			t.Errorf("%+v", one)
		}
		if runtime.GOOS == "linux" && (one.PinnedP50 <= 0 || one.GoRatios.PinnedP50 <= 0 || one.Ratios.P50 <= 0 || one.Ratios.CPU <= 0) {
			t.Errorf("pinned: %+v", one)
		}
	}
	if r := c.GoFloor().GoRatios; r.P50 != 1 || r.PerSecond != 1 {
		t.Errorf("the Go floor to itself: %+v", r)
	}
	if f := c.MachineFloor(); f != nil && f.Ratios.P50 != 1 {
		t.Errorf("the machine's floor to itself: %+v", f.Ratios)
	}
	for _, want := range []string{"| round trip p50, 1 pair |", "| Parley/Go floor | budget |", "- machine: "} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func TestBenchComparesClustersOfSeveralSizes(t *testing.T) {
	out, c := measure[bench.Comparison](t, "compare", "--rounds", "1", "--pairs", "2", "--duration", "100ms", "--warmup", "0s", "--no-nats", "--no-pinned",
		"--users", "20", "--settle", "50ms", "--spread", "1,2", "--nodes", "2,3", "--samples", "5", "--notice", "5", "--cluster", "2",
		"--cluster-rounds", "1", "--rest", "20ms", "--markdown")
	if len(c.First) != 2 || len(c.Notice) != 1 || runtime.GOOS == "linux" && len(c.Idle) != 4 {
		t.Fatalf("%+v", c)
	}
	for _, one := range c.Contenders {
		if one.PinnedP50 != 0 {
			t.Errorf("pinned without being asked to: %+v", one)
		}
	}
	wants := []string{"| kill -9 of a node |", "| first message |"}
	if runtime.GOOS == "linux" {
		wants = append(wants, "| whole cluster | 1 node | 2 nodes | 2 to 1 | budget |", "| memory a user, WebSocket |")
	}
	for _, want := range wants {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

// broker is a minimal MQTT broker for two users of bench: it forwards each publication to the
// subscriber of the topic.
func broker(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var topics sync.Map // net.Conn, by topic with its length
	var serving sync.WaitGroup
	serve := func(conn net.Conn) {
		defer conn.Close()
		head := make([]byte, 2)
		for {
			if _, err := io.ReadFull(conn, head); err != nil {
				return
			}
			rest := make([]byte, head[1]) // short packets only
			if _, err := io.ReadFull(conn, rest); err != nil {
				return
			}
			switch head[0] {
			case 0x10:
				_, _ = conn.Write([]byte{0x20, 2, 0, 0})
			case 0x82:
				topics.Store(string(rest[2:len(rest)-1]), conn)
				_, _ = conn.Write([]byte{0x90, 3, rest[0], rest[1], 0})
			case 0x30:
				if to, found := topics.Load(string(rest[:2+rest[1]])); found {
					_, _ = to.(net.Conn).Write(slices.Concat(head, rest))
				}
			}
		}
	}
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		serving.Wait()
	})

	return ln.Addr().String()
}

func TestBenchComparesWithRunningCompetitors(t *testing.T) {
	addr := broker(t)
	out, c := measure[bench.Comparison](t, "compare", "--rounds", "1", "--pairs", "2", "--duration", "100ms", "--warmup", "0s", "--no-nats",
		"--users", "0", "--samples", "0", "--notice", "0", "--competitor", "mqtt="+addr+","+addr)
	if len(c.Contenders) != len(floors())+2 {
		t.Fatalf("%+v", c)
	}
	if peer := c.Contenders[len(floors())+1]; peer.Name != "MQTT" || peer.Nodes != 2 || peer.P50 <= 0 || peer.LoadP50 <= 0 {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(out, "Parley  ") || !strings.Contains(out, "MQTT: running servers at "+addr) {
		t.Errorf("no column or note of the broker in\n%s", out)
	}
}

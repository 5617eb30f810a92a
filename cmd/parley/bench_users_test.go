package main

import (
	"runtime"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/bench"
)

func TestBenchMeasuresLoginsOfAWholeCluster(t *testing.T) {
	out, all := measure[[]bench.Logins](t, "connect", "--users", "50", "--nodes", "1,2", "--ws", "--rest", "50ms")
	if len(all) != 2 || all[0].Nodes != 1 || all[1].Nodes != 2 {
		t.Fatalf("%+v", all)
	}
	for _, logins := range all {
		plausible(t, logins.Login)
		if logins.Login.Count != 50 || logins.PerSecond <= 0 || runtime.GOOS == "linux" && logins.ServerCPU <= 0 {
			t.Errorf("%+v", logins)
		}
	}
	if !strings.Contains(out, "50 users, 2 nodes") || !strings.Contains(out, "CPU at rest") {
		t.Errorf("it prints\n%s", out)
	}
}

func TestBenchMeasuresWhatAnIdleUserCostsAWholeCluster(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from /proc")
	}
	for transport, name := range map[string]string{"--ws": "WebSocket", "--ws=false": "TCP"} {
		out, all := measure[[]bench.Memory](t, "idle", "--users", "200", "--nodes", "1,3", "--settle", "200ms", "--rest", "50ms", transport)
		if len(all) != 2 || all[0].Nodes != 1 || all[1].Nodes != 3 {
			t.Fatalf("%+v", all)
		}
		for _, m := range all {
			if m.Users != 200 || m.Before < uint64(m.Nodes)<<20 || m.After < uint64(m.Nodes)<<20 || m.Transport != name || m.Logins.ServerCPU <= 0 {
				t.Errorf("%+v", m)
			}
		}
		for _, want := range []string{"whole cluster", "memory a user, " + name, "CPU a login, " + name, "3 to 1", "KB", "ms/s"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing in\n%s", want, out)
			}
		}
	}
}

func TestSeveralProcessesHoldIdleUsers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is read from /proc")
	}
	_, all := measure[[]bench.Memory](t, "idle", "--users", "100", "--nodes", "2", "--generators", "3", "--settle", "200ms", "--rest", "50ms")
	if len(all) != 1 || all[0].Users != 100 || all[0].After < 2<<20 || all[0].Logins.PerSecond <= 0 {
		t.Errorf("%+v", all)
	}
}

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/bench"
	"github.com/parley-dm/parley/internal/testkit"
)

// measure runs a command of bench with servers that are processes of this test binary, and returns
// the output and the results.
func measure[T any](t *testing.T, args ...string) (out string, results T) {
	t.Helper()
	t.Setenv(asBinary, "1")
	t.Setenv("GORACE", "atexit_sleep_ms=0") // with -race each process would sleep for a second before it ends
	file := filepath.Join(t.TempDir(), "results.json")
	chart := filepath.Join(t.TempDir(), "chart.svg")
	const limit = 4 * patience // dozens of processes, on few processors, with -race
	status, out, errs := commandWithin(t, limit, "", append(append([]string{"bench"}, args...), "--json", file, "--svg", chart)...)
	if status != 0 || errs != "" {
		t.Fatalf("parley bench %q: status %d, %s", args, status, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Command string
		Machine bench.Machine
		Results T
	}
	if err := json.Unmarshal(text, &report); err != nil || report.Command != args[0] || report.Machine.Cores != runtime.NumCPU() {
		t.Errorf("%v: %s", err, text)
	}
	if svg, err := os.ReadFile(chart); err != nil || !strings.HasPrefix(string(svg), "<svg ") {
		t.Errorf("the chart is %q, %v", svg, err)
	}

	return out, report.Results
}

// plausible checks what every set of durations has to be.
func plausible(t *testing.T, l bench.Latency) {
	t.Helper()
	if l.Count == 0 || l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max {
		t.Errorf("implausible: %+v", l)
	}
}

func TestBenchMeasuresRoundTrips(t *testing.T) {
	for _, args := range [][]string{
		{"floor", "--pairs", "5"},
		{"floor", "--same-node"},
		{"floor", "--pinned"},
		{"pingpong"},
		{"pingpong", "--pairs", "5", "--ack", "--size", "3000"},
		{"pingpong", "--pairs", "3", "--ws", "--same-node"},
	} {
		if runtime.GOOS != "linux" && slices.Contains(args, "--pinned") {
			continue
		}
		out, all := measure[[]bench.RoundTrips](t, append(args, "--duration", "400ms", "--warmup", "50ms")...)
		want := floors()
		if args[0] == "pingpong" {
			want = append(want, "Parley")
		}
		var names []string
		for _, trips := range all {
			names = append(names, trips.Name)
			plausible(t, trips.RoundTrip)
			if trips.Messages == 0 || trips.PerSecond <= 0 || !strings.Contains(out, "p99.9") {
				t.Errorf("%q: %+v\n%s", args, trips, out)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%q measures %q, want %q", args, names, want)
		}
	}
}

func TestBenchCountsWhatServersDoForAMessage(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("counts are read from /proc")
	}
	out, all := measure[[]bench.RoundTrips](t, "floor", "--pairs", "3", "--counts", "--duration", "300ms", "--warmup", "50ms")
	for _, trips := range all {
		if trips.Counts == nil || trips.Counts.ContextSwitches <= 0 || trips.Counts.SystemCalls < 0 {
			t.Errorf("%+v", trips.Counts)
		}
	}
	if !strings.Contains(out, "context switches") {
		t.Errorf("it prints\n%s", out)
	}
}

func TestBenchSendsAtTheRateItIsAskedFor(t *testing.T) {
	_, all := measure[[]bench.OpenLoop](t, "rate", "--rate", "500", "--pairs", "3", "--duration", "200ms", "--warmup", "50ms", "--rounds", "2")
	if len(all) != len(floors())+1 {
		t.Fatalf("%+v", all)
	}
	for _, flow := range all {
		plausible(t, flow.OneWay)
		if flow.Messages != 200 || flow.Late.Count != 200 {
			t.Errorf("%+v", flow)
		}
	}
}

func TestBenchSendsAtAPartOfTheHighestRate(t *testing.T) {
	out, all := measure[[]bench.OpenLoop](t, "rate", "--of-highest", "0.25", "--pairs", "3", "--duration", "200ms", "--warmup", "50ms", "--no-floors")
	if len(all) != 1 || all[0].TargetRate <= 0 || !strings.Contains(out, "that Parley reaches in a closed loop") {
		t.Fatalf("%+v\n%s", all, out)
	}
	plausible(t, all[0].OneWay)
}

func TestBenchMeasuresFirstMessages(t *testing.T) {
	_, found := measure[[]bench.FirstMessage](t, "first", "--nodes", "1,3", "--samples", "6", "--rest", "50ms")
	if len(found) != 2 || found[0].Nodes != 1 || found[1].Nodes != 3 {
		t.Fatalf("%+v", found)
	}
	for _, f := range found {
		plausible(t, f.Delivered)
		plausible(t, f.NotFound)
		if f.Delivered.Count != 6 || f.NotFound.Count != 6 {
			t.Errorf("%+v", f)
		}
	}
}

func TestBenchMeasuresNoticesOfAKilledNode(t *testing.T) {
	out, all := measure[[]bench.NoticeResult](t, "notice", "--nodes", "3", "--clients", "30", "--rounds", "2")
	if len(all) != 1 || all[0].Clients != 30 {
		t.Fatalf("%+v", all)
	}
	plausible(t, all[0].Delay)
	plausible(t, all[0].NotFound)
	if all[0].Delay.Count != 2*30 || all[0].NotFound.Count != 2*20 {
		t.Errorf("%+v", all[0])
	}
	if !strings.Contains(out, "30 clients, 3 nodes") {
		t.Errorf("it prints\n%s", out)
	}
}

func TestBenchTakesRunningNodes(t *testing.T) {
	testkit.Home(t)
	n := serve(t)
	_, all := measure[[]bench.RoundTrips](t, "pingpong", "--url", n.ws, "--duration", "100ms", "--warmup", "0s")
	if len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	plausible(t, all[0].RoundTrip)
	if all[0].ServerCPU != 0 {
		t.Error("the CPU time of a process is known that was not named")
	}
}

func TestABenchMistakeIsOneLineAndStatus1(t *testing.T) {
	testkit.Home(t)
	t.Setenv(asBinary, "1")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "expected one of"},
		{[]string{"pingpong", "--pairs", "0"}, "--pairs 0: between 1 and"},
		{[]string{"pingpong", "--size", "4"}, "--size 4: between 8 and"},
		{[]string{"floor", "--duration", "0s"}, "--duration 0s: how long"},
		{[]string{"floor", "--url", "tcp://h:1"}, "unknown flag --url"},
		{[]string{"rate", "--rate", "0"}, "--rate 0: messages a second"},
		{[]string{"rate", "--of-highest", "2"}, "--of-highest 2: a part"},
		{[]string{"rate", "--rounds", "0"}, "--rounds 0: at least 1"},
		{[]string{"idle", "--generators", "99"}, "--generators 99: between 1 and"},
		{[]string{"idle", "--users=-1"}, "--users -1: between 1"},
		{[]string{"first", "--nodes", "2,99"}, "--nodes 99: between 1"},
		{[]string{"notice", "--nodes", "1"}, "--nodes 1: between 2"},
		{[]string{"idle", "--binary", "none=/none"}, "--binary none=/none: "},
		{[]string{"idle", "--binary", "self", "--url", "tcp://h:1"}, "give one of them"},
		{[]string{"rate", "--binary", "a=self", "--binary", "b=self"}, "--binary: give one here"},
		{[]string{"compare", "--rounds", "0"}, "--rounds 0: at least 1"},
		{[]string{"compare", "--competitor", "nats=h:1"}, "--competitor nats=h:1: write centrifugo="},
		{[]string{"compare", "--peer", "mqtt=127.0.0.1:1"}, "MQTT, one node: dial tcp 127.0.0.1:1: "},
		{[]string{"compare", "--peer-pid", "mqtt=1"}, "--competitor-pid mqtt=1: write KIND=PID,PID"},
		{[]string{"pingpong", "--pid", "1"}, "--pid names processes"},
		{[]string{"pingpong", "--url", "tcp://h:1", "--counts"}, "--counts"},
		{[]string{"pingpong", "--url", "nats://h:1"}, "--url nats://h:1: write tcp://host:port"},
		{[]string{"pingpong", "--url", "tcp://127.0.0.1:1"}, "connection refused"},
		{[]string{"pingpong", "--url", "tcp://127.0.0.1:1", "--auth-key", "short"}, "--auth-key: "},
		{[]string{"floor", "--json", filepath.Join(t.TempDir(), "none", "x.json")}, "--json: "},
	} {
		status, out, errs := command(t, "", append([]string{"bench"}, c.args...)...)
		if status != 1 || out != "" || !strings.HasPrefix(errs, "parley: ") || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, c.want) {
			t.Errorf("parley bench %q: status %d, printed %q and %q, want %q", c.args, status, out, errs, c.want)
		}
	}
}

func TestAnInterruptedBenchStopsItsServers(t *testing.T) {
	testkit.Home(t)
	p := start(t, "bench", "pingpong", "--duration", "1m", "--warmup", "0s", "--pairs", "2")
	waitForChildren(t, p.cmd.Process.Pid)
	p.signal(os.Interrupt)
	if status := p.wait(); status != 1 {
		t.Errorf("status %d", status)
	}
	if said := <-p.err; said != "parley: stopped before the measurement was done" {
		t.Errorf("it says %q", said)
	}
}

package bench

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestThePrintedCountsOfPerfAreTaken(t *testing.T) {
	var c Counts
	err := c.parsePerf("Events disabled\n<not supported>;;instructions;0;100.00;;\n12;;cache-misses;5;100.00;;\n" +
		"40;;syscalls:sys_enter_read;5;100.00;;\n100;;raw_syscalls:sys_enter;5;100.00;;\n")
	if err != nil || c.SystemCalls != 100 || c.ByName["read"] != 40 || c.CacheMisses != 12 || c.Instructions != 0 {
		t.Errorf("%v, %+v", err, c)
	}
	each := c.dividedBy(20)
	if each.SystemCalls != 5 || each.ByName["read"] != 2 || each.CacheMisses != .6 {
		t.Errorf("%+v", each)
	}
	wantError(t, (&Counts{}).parsePerf("Events enabled\nError:\nno permission\n"), "no permission")
	wantError(t, (&Counts{}).parsePerf(""), "it printed nothing")
}

func TestOnlyFrequentCallsHaveAColumn(t *testing.T) {
	many := &Counts{ContextSwitches: .5, SystemCalls: 3, ByName: map[string]float64{"read": 1, "write": 2, "mmap": .001}}
	table, notes := countsTable([]RoundTrips{
		{Name: "floor", Counts: &Counts{ContextSwitches: .1, Involuntary: .05, SystemCalls: 2, ByName: map[string]float64{"read": 1, "futex": .25}}},
		{Name: "Parley", Counts: many},
	})
	var text strings.Builder
	table.Text(&text)
	for _, want := range []string{
		"a message context switches involuntary system calls write read futex\n", "floor 0.10 0.050 2.00 - 1.00 0.25\n", "Parley 0.50 0 3.00 2.00 1.00 -\n",
	} {
		if !strings.Contains(columns.ReplaceAllString(text.String(), " "), want) {
			t.Errorf("%q is missing in\n%s", want, &text)
		}
	}
	if all := strings.Join(notes, "\n"); !strings.Contains(all, "does not count them") {
		t.Errorf("nothing of instructions in\n%s", all)
	}
	many.Instructions, many.CacheMisses = 1e5, 7
	if table, _ = countsTable([]RoundTrips{{Name: "Parley", Counts: many}}); table.Head[len(table.Head)-2] != "instructions" {
		t.Errorf("no instructions: %q", table.Head)
	}
	_, notes = countsTable([]RoundTrips{{Name: "Parley", Counts: &Counts{perfError: "perf is not installed"}}})
	if all := strings.Join(notes, "\n"); !strings.Contains(all, "cache misses: perf is not installed") {
		t.Errorf("it does not say why there are no system calls:\n%s", all)
	}
}

func TestACounterCountsTheProcess(t *testing.T) {
	if !canMeasure {
		t.Skip("counts are read from /proc")
	}
	c := newCounter(t.Context(), &system{pids: []int{os.Getpid()}})
	defer c.stop()
	if err := c.begin(); err != nil {
		t.Fatal(err)
	}
	const calls = 1000
	for range calls {
		if _, err := os.Stat("/"); err != nil {
			t.Fatal(err)
		}
		sleep(t.Context(), 1)
	}
	counts, err := c.end()
	if err != nil || counts.ContextSwitches == 0 {
		t.Errorf("%+v, %v", counts, err)
	}
	if counts.perfError != "" {
		t.Log("without perf:", counts.perfError)
	} else if counts.SystemCalls < calls {
		t.Errorf("%g calls, and there were %d", counts.SystemCalls, calls)
	}
}

func TestACounterSaysThatPerfIsNotThere(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if c := newCounter(t.Context(), &system{}); c.perf != nil || c.perfError != "perf is not installed" {
		t.Errorf("%+v", c)
	}
}

func TestPerfThatEndsAtOnceIsQuoted(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no shell")
	}
	dir := t.TempDir()
	script := "#!/bin/sh\nif [ $1 = list ]; then echo '  syscalls:sys_enter_read  [Tracepoint event]'; else echo 'no such process' >&2; fi\n"
	if err := os.WriteFile(dir+"/perf", []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	_, err := startPerf(context.Background(), []int{1})
	wantError(t, err, "perf stat: no such process")
}

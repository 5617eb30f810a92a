package bench

import (
	"errors"
	"os"
	"testing"
	"time"
)

func TestCPUTimeAndMemoryAreReadFromProc(t *testing.T) {
	if _, err := cpuTime(1 << 30); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the CPU time of no process: %v", err)
	}
	for _, bad := range []string{"", "cpu 1 2", "cpu0 1 1 1 1 1 1 1 1 0 0", "cpu 1 1 1 x 1 1 1 1 0 0"} {
		if _, _, ok := parseMachine(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
	if busy, all, ok := parseMachine("cpu  10 0 20 60 5 1 2 2 9 9\ncpu0 1"); !ok || busy != 35 || all != 100 {
		t.Errorf("%g of %g, %t", busy, all, ok)
	}
	for _, bad := range []string{"", "1", "1 x"} {
		if _, err := parseStatm(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	before, err := cpuTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if now, err := cpuTime(os.Getpid()); err != nil || now > before {
			break
		}
	}
	if after, err := cpuTime(os.Getpid()); err != nil || after <= before || after > before+patience {
		t.Errorf("CPU time went from %s to %s, %v", before, after, err)
	}
	if m, err := residentMemory(os.Getpid()); err != nil || m < 1<<20 {
		t.Errorf("%d bytes, %v", m, err)
	}
	if m := thisMachine(); m.Memory == 0 || m.CPU == "" {
		t.Errorf("%+v", m)
	}
}

func TestAPauseIsAtLeastAsLongAsAskedFor(t *testing.T) {
	begin := time.Now()
	pause(200 * time.Microsecond)
	if took := time.Since(begin); took < 200*time.Microsecond {
		t.Errorf("%s", took)
	}
}

func TestContextSwitchesAreReadFromProc(t *testing.T) {
	s, err := parseSwitches("Name:\tx\nvoluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n")
	if err != nil || s != (switches{12, 3}) || s.all() != 15 {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = parseSwitches("voluntary_ctxt_switches:\tmany\n")
	wantError(t, err, "/proc is not as expected")
	if s, err := contextSwitches(os.Getpid()); err != nil || s.all() == 0 {
		t.Errorf("this process: %+v, %v", s, err)
	}
	if _, err := contextSwitches(1 << 22); err == nil {
		t.Error("a process that does not exist has context switches")
	}
}

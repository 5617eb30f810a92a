package bench

import (
	"os"
	"testing"
	"time"
)

func TestCPUTimeAndMemoryAreReadFromProc(t *testing.T) {
	for _, c := range []struct {
		stat string
		want time.Duration
	}{
		{"12 (a name) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0", 2 * time.Second},
		{"12 (a) ) (b) R 1 2 3 4 5 6 7 8 9 10 1 0 0 0\n", tick},
	} {
		if got, err := parseStat([]byte(c.stat)); err != nil || got != c.want {
			t.Errorf("%q: %s, %v", c.stat, got, err)
		}
	}
	for _, bad := range []string{"", "12 (a) S 1 2", "1 (a) S 1 2 3 4 5 6 7 8 9 10 x 1 0", "1 (a) S 1 2 3 4 5 6 7 8 9 10 1 x 0"} {
		if _, err := parseStat([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
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

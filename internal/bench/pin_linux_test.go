package bench

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// allowed reads which processors a new process may use.
func allowed(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "grep", "Cpus_allowed_list", "/proc/self/status").Output()
	if err != nil {
		t.Fatal(err)
	}

	return strings.TrimSpace(strings.TrimPrefix(string(out), "Cpus_allowed_list:"))
}

func TestPinnedProcessesShareOneProcessor(t *testing.T) {
	before := allowed(t)
	procs := runtime.GOMAXPROCS(0)
	seen := errors.New("seen")
	_, err := (&Setup{}).pinned(t.Context(), func(context.Context, int) (*system, error) {
		if got := allowed(t); strings.ContainsAny(got, ",-") {
			t.Errorf("a process that is started pinned may use the processors %s", got)
		}
		if n := runtime.GOMAXPROCS(0); n != 1 {
			t.Errorf("the generator uses %d processors", n)
		}

		return nil, seen
	}, quick(1))
	if !errors.Is(err, seen) {
		t.Fatal(err)
	}
	if got := allowed(t); got != before {
		t.Errorf("afterwards processes may use the processors %s, not %s", got, before)
	}
	if n := runtime.GOMAXPROCS(0); n != procs {
		t.Errorf("GOMAXPROCS is %d, not %d", n, procs)
	}
}

func TestPinningReachesAllThreads(t *testing.T) {
	release := make(chan struct{})
	ids := make(chan int)
	const threads = 5
	for range threads {
		go func() {
			runtime.LockOSThread() // its thread ends with it
			ids <- unix.Gettid()
			<-release
		}()
	}
	defer close(release)
	unpin, err := pin()
	if err != nil {
		t.Fatal(err)
	}
	for range threads {
		var set unix.CPUSet
		if err := unix.SchedGetaffinity(<-ids, &set); err != nil || set.Count() != 1 {
			t.Errorf("a thread may use %d processors, %v", set.Count(), err)
		}
	}
	if err := unpin(); err != nil {
		t.Fatal(err)
	}
}

func TestManyUsersComeFromSeveralAddresses(t *testing.T) {
	if a := sourceAddr(19999); a != nil {
		t.Errorf("user 19999 comes from %s", a)
	}
	for user, want := range map[uint32]string{20000: "127.0.0.2:0", 40001: "127.0.0.3:0"} {
		if a := sourceAddr(user); a.String() != want {
			t.Errorf("user %d comes from %s, not %s", user, a, want)
		}
	}
	sys := relaysHere(t)
	c, err := sys.dial(t.Context(), 0, 20001)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if got := c.raw.LocalAddr().String(); !strings.HasPrefix(got, "127.0.0.2:") {
		t.Errorf("user 20001 comes from %s", got)
	}
}

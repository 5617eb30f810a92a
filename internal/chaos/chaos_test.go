package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestChaosOfAMinuteKeepsThePromises is the short form of `make chaos`. PARLEY_CHAOS_SEED repeats the faults of an earlier run.
func TestChaosOfAMinuteKeepsThePromises(t *testing.T) {
	keepsThePromises(t, Options{Time: 45 * time.Second})
}

// It takes the other half of the minute.
func TestChaosOnANATSServerThatFailsKeepsThePromises(t *testing.T) {
	keepsThePromises(t, Options{Time: 25 * time.Second, External: true})
}

func keepsThePromises(t *testing.T, o Options) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes a minute")
	}
	dir, err := os.MkdirTemp("", "parley-chaos-test-") //nolint:usetesting // kept if the logs may be wanted
	if err != nil {
		t.Fatal(err)
	}
	o.Nodes, o.Clients, o.Rate, o.Binary, o.Dir, o.Namespaces, o.Out = 3, 60, 120, build(t, dir), dir, true, t.Output()
	o.Seed, _ = strconv.ParseUint(os.Getenv("PARLEY_CHAOS_SEED"), 10, 64)
	report, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report)
	if !report.OK() {
		t.Error("promises were broken: see above")
	} else if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// build makes the binary that the run is about, as `make cross` does.
func build(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(dir, "parley")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/parley-dm/parley/cmd/parley")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}

	return binary
}

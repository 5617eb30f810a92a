package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// TestChaosOfAMinuteKeepsThePromises is the short form of `make chaos`. PARLEY_CHAOS_SEED repeats
// the faults of an earlier run.
func TestChaosOfAMinuteKeepsThePromises(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	dir, err := os.MkdirTemp("", "parley-chaos-test-") //nolint:usetesting // kept if the logs may be wanted
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Time: time.Minute, Short: true, Nodes: 3, Clients: 60, Rate: 120, Binary: build(t, dir, "cmd/parley"), Dir: dir, Namespaces: true, Out: t.Output(),
		// Other packages' tests run at the same time. What is shown here is that no timeout has to
		// pass.
		KillNotice: failureTimeout - 200*time.Millisecond, VanishNotice: 2 * failureTimeout,
	}
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

// TestStoragesLoseNothingUnderFaults is the short form of the run with storages.
func TestStoragesLoseNothingUnderFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir, err := os.MkdirTemp("", "parley-chaos-test-") //nolint:usetesting // kept if the logs may be wanted
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Time: 20 * time.Second, Binary: build(t, dir, "internal/chaos/cmd/storagenode"), Dir: dir, Namespaces: true, Out: t.Output(),
	}
	o.Seed, _ = strconv.ParseUint(os.Getenv("PARLEY_CHAOS_SEED"), 10, 64)
	report, err := RunStorages(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(report)
	if !report.OK() {
		t.Error("something was lost: see above")
	} else if err := os.RemoveAll(dir); err != nil {
		t.Error(err)
	}
}

// build makes the binary that the run is about, as `make cross` does.
func build(t *testing.T, dir, command string) string {
	t.Helper()
	binary := filepath.Join(dir, "parley")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "github.com/parley-dm/parley/"+command)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v: %s", err, out)
	}

	return binary
}

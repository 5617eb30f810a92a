// Package examples_test builds the examples and runs them as their readers would: as processes.
package examples_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 2 * time.Minute // building included

func build(ctx context.Context, t *testing.T, name string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), filepath.Base(name))
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "./"+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build ./%s: %v\n%s", name, err, out)
	}

	return binary
}

// server runs a server in its own folder, on a port that the system chooses, and returns its
// address and a way to stop it.
func server(ctx context.Context, t *testing.T, name string, environ ...string) (addr string, stop func() error) {
	t.Helper()
	cmd := exec.CommandContext(ctx, build(ctx, t, name))
	cmd.Dir = name // where configs/ is
	cmd.Env = append(append(os.Environ(), "PARLEY_TCP=127.0.0.1:0", "PARLEY_HTTP=127.0.0.1:0"), environ...)
	logs, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	stop = sync.OnceValue(func() error {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		reading.Wait()

		return cmd.Wait()
	})
	t.Cleanup(func() { _ = stop() })
	ready := regexp.MustCompile(`msg=ready .*tcp=(\S+)`)
	in := bufio.NewScanner(logs)
	var seen strings.Builder
	for in.Scan() {
		if found := ready.FindStringSubmatch(in.Text()); found != nil {
			reading.Go(func() { _, _ = io.Copy(io.Discard, logs) })

			return found[1], stop
		}
		seen.WriteString(in.Text() + "\n")
	}
	t.Fatalf("the server is not ready; it logged\n%s", &seen)

	return "", nil
}

func TestHelloTalksToSeedserver(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	addr, stop := server(ctx, t, "seedserver")
	out, err := exec.CommandContext(ctx, build(ctx, t, "hello"), "-url", "tcp://"+addr).CombinedOutput()
	if err != nil {
		t.Fatalf("hello: %v\n%s", err, out)
	}
	want := "alice has sent 2/10, the server answers: sent\n" +
		"bob hears a push 2/11: hello from alice\n" +
		"bob hears a message from alice: and this without a command of our own\n"
	if string(out) != want {
		t.Errorf("hello prints\n%s, want\n%s", out, want)
	}
	if err := stop(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
}

func TestHelloSaysWhenThereIsNoServer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, build(ctx, t, "hello"), "-url", "tcp://127.0.0.1:1").CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "hello: ") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("hello: %v\n%s", err, out)
	}
}

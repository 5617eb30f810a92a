//go:build unix

package main

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

// serveInto runs a node whose standard output and error are out, until the end of the test.
func serveInto(t *testing.T, out *os.File) (tcp string, cmd *exec.Cmd) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Stdout, cmd.Stderr = out, out

	return serveBy(t, cmd)
}

// serveBy runs a node by a command that lacks its arguments, until the end of the test.
func serveBy(t *testing.T, cmd *exec.Cmd) (tcp string, _ *exec.Cmd) {
	t.Helper()
	tcp, web := testkit.Port(t), testkit.Port(t)
	cmd.Args = append(cmd.Args, "serve", "--tcp", tcp, "--http", web, "--log-level", "debug")
	cmd.Env = append(os.Environ(), asBinary+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ready := func() bool {
		resp, err := http.Get("http://" + web + "/readyz")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()

		return resp.StatusCode == http.StatusOK
	}
	defer http.DefaultClient.CloseIdleConnections()
	testkit.Eventually(t, "the node is ready", ready)

	return tcp, cmd
}

// wantServing sends a message and has the node stop.
func wantServing(t *testing.T, tcp string, cmd *exec.Cmd) {
	t.Helper()
	for range 3 {
		status, out, errs := command(t, "", "send", "--as", "alice", "--url", "tcp://"+tcp, "--to", "alice", "hello")
		if status != 0 || !strings.HasPrefix(out, "delivered") {
			t.Fatalf("status %d, %q, %q", status, out, errs)
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Wait(); err != nil {
		t.Errorf("the node ends with %v", err)
	}
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("the node takes %v to end", d)
	}
}

func TestANodeServesWithAClosedPipeForItsOutput(t *testing.T) {
	testkit.Home(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	tcp, cmd := serveInto(t, w)
	_ = w.Close()
	wantServing(t, tcp, cmd)
}

func TestANodeServesWhenItsOutputIsNotRead(t *testing.T) {
	testkit.Home(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_ = w.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	for full := make([]byte, 1<<20); err == nil; {
		_, err = w.Write(full)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal(err)
	}
	tcp, cmd := serveInto(t, w)
	_ = w.Close()
	wantServing(t, tcp, cmd)
}

func TestANodeServesWithAClosedStandardError(t *testing.T) {
	testkit.Home(t)
	// The shell closes the descriptors: exec.Cmd would open the null device instead.
	tcp, cmd := serveBy(t, exec.Command("/bin/sh", "-c", `exec "$0" "$@" >&- 2>&-`, os.Args[0]))
	wantServing(t, tcp, cmd)
}

func TestANodeServesWhenItsReaderHasLeft(t *testing.T) {
	testkit.Home(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	head := exec.Command("head", "-1")
	head.Stdin = r
	if err := head.Start(); err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	tcp, cmd := serveInto(t, w)
	_ = w.Close()
	if err := head.Wait(); err != nil {
		t.Fatal(err)
	}
	wantServing(t, tcp, cmd)
}

func TestAMistakeEndsTheProcessThoughItsOutputIsNotRead(t *testing.T) {
	testkit.Home(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	began := time.Now()
	status := run(t.Context(), []string{"serve", "--tcp", "7200"}, &streams{err: stuckWriter{w}})
	if d := time.Since(began); status != 1 || d < lastWordsTime || d > patience {
		t.Errorf("status %d after %v", status, d)
	}
	_ = r.Close() // ends the write
}

// stuckWriter writes more than a pipe holds.
type stuckWriter struct{ w *os.File }

func (s stuckWriter) Write(p []byte) (int, error) {
	if _, err := s.w.Write(make([]byte, 1<<20)); err != nil {
		return 0, err
	}

	return len(p), nil
}

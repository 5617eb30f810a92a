//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestANodeReadsItsLogLevelAgain(t *testing.T) {
	testkit.Home(t)
	settings := filepath.Join(t.TempDir(), "parley.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"log_level": "warn"}`)
	p := start(t, "serve", "--tcp", "127.0.0.1:0", "--http", "127.0.0.1:0", "--config", settings)
	p.line(p.out, "ready")
	hangUp := func(text string) {
		t.Helper()
		write(text)
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	hangUp(`{"log_level": "loud"}`)
	wantContains(t, p.line(p.err, ""), `level=ERROR msg="the settings could not be read again: the log level stays"`)
	hangUp(`{"log_level": "debug"}`)
	wantContains(t, p.line(p.err, ""), `msg="the log level was read again" self=`)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wantContains(t, p.line(p.err, ""), `level=INFO msg=stopping`)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
}

func wantContains(t *testing.T, line, text string) {
	t.Helper()
	if !strings.Contains(line, text) {
		t.Errorf("%q does not say %q", line, text)
	}
}

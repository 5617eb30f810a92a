package main

import (
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestTheDemoStaysUpAndItsCommandsWork(t *testing.T) {
	testkit.Home(t)
	demo := start(t, "demo", "--fast", "--no-open", "--listen", "127.0.0.1:0")
	url := demo.line(demo.out, "  "+os.Args[0]+" chat --as dave --with alice --url")
	dave := start(t, "chat", "--as", "dave", "--with", "alice", "--url", url)
	dave.line(dave.err, "* dave talks to alice")
	dave.write("hello alice")
	if got := dave.line(dave.out, "alice: "); got != "alice, on node n1, has heard: hello alice" {
		t.Errorf("dave sees %q", got)
	}
	demo.line(demo.out, "  alice hears from dave: hello alice")
	if err := dave.in.Close(); err != nil {
		t.Fatal(err)
	}
	demo.line(demo.out, "  alice learns that dave has left")
	demo.signal(syscall.SIGTERM)
	if status := demo.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
}

func TestTheTourEndsByItself(t *testing.T) {
	testkit.Home(t)
	t.Setenv(asBinary, "1")
	status, out, errs := command(t, "", "demo", "--once", "--fast")
	if status != 0 || errs != "" {
		t.Fatalf("status %d, %q\n%s", status, errs, out)
	}
	for _, want := range []string{
		`bob, on n3, receives: "hello bob, wherever you are"`,
		"logged in elsewhere",
		`reaches him on n2 after`,
		"zed is not connected: alice has the answer after ",
		"carol has left",
		"Grace's client is on n",
		"reaches grace on n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if figures := regexp.MustCompile(`\d (ms|µs|s)\b`).FindAllString(out, -1); len(figures) < 9 {
		t.Errorf("figures are %q", figures)
	}
}

package main

import (
	"regexp"
	"strings"
	"syscall"
	"testing"
)

func TestTheDemoStaysUpForWhomeverWantsToTryIt(t *testing.T) {
	home(t)
	demo := start(t, "demo")
	url := demo.line(demo.out, "  parley chat --as dave --with alice --url")
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
	home(t)
	status, out, errs := command(t, "", "demo", "--once")
	if status != 0 || errs != "" {
		t.Fatalf("status %d, %q\n%s", status, errs, out)
	}
	for _, want := range []string{
		`bob, on n3, hears: "hello bob, wherever you are"`,
		"logged in elsewhere",
		`finds him on n2 after`,
		"nobody is not connected",
		"carol has left",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	if figures := regexp.MustCompile(`\d(ms|µs|s)\b`).FindAllString(out, -1); len(figures) < 9 {
		t.Errorf("figures are %q", figures)
	}
}

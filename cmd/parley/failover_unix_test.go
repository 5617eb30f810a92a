//go:build unix

package main

import (
	"syscall"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestChatGoesOnAtAnotherNodeWhenItsNodeDies(t *testing.T) {
	testkit.Home(t)
	t.Setenv("PARLEY_CLUSTER_SECRET", "at least sixteen bytes, the same everywhere")
	first := serve(t, "--node", "n1", "--cluster", "127.0.0.1:0")
	second := serve(t, "--node", "n2", "--cluster", "127.0.0.1:0", "--join", first.cluster)
	bob := start(t, "chat", "--as", "bob", "--with", "alice", "--stay", "--url", second.tcp, "--url", first.ws)
	bob.line(bob.err, "* bob talks to alice, connected to node n2 at "+second.tcp)
	killed := time.Now()
	second.signal(syscall.SIGKILL)
	bob.line(bob.err, "* connection lost, reconnecting")
	bob.line(bob.err, "* bob talks to alice, connected to node n1 at "+first.ws)
	t.Logf("%v after the kill", time.Since(killed))
	urls := second.tcp + "," + first.tcp
	if status, out, errs := command(t, "", "send", "--as", "alice", "--to", "bob", "--url", urls, "hello"); status != 0 || out != "delivered to bob\n" {
		t.Fatalf("status %d, %q, %q", status, out, errs)
	}
	if got := bob.line(bob.out, "alice: "); got != "hello" {
		t.Errorf("bob sees %q", got)
	}
}

package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestThreeNodesCarryMessagesBetweenTheirUsers(t *testing.T) {
	testkit.Home(t)
	secret := "a secret of this test's cluster"
	first := serve(t, "--node", "n1", "--cluster", "127.0.0.1:0", "--cluster-secret", secret)
	second := serve(t, "--node", "n2", "--cluster", "127.0.0.1:0", "--cluster-secret", secret, "--join", first.cluster)
	third := serve(t, "--node", "n3", "--cluster", "127.0.0.1:0", "--cluster-secret", secret, "--join", first.cluster+","+second.cluster)

	bob := start(t, "chat", "--as", "bob", "--with", "alice", "--url", third.ws)
	bob.line(bob.err, "* bob talks to alice, connected to node n3")
	status, out, errs := command(t, "", "send", "--as", "alice", "--url", first.tcp, "--to", "bob", "hello", "bob")
	if status != 0 || out != "delivered to bob\n" {
		t.Fatalf("status %d, %q, %q", status, out, errs)
	}
	if got := bob.line(bob.out, "alice: "); got != "hello bob" {
		t.Errorf("bob sees %q", got)
	}
	bob.line(bob.err, "* alice has left")

	alice := start(t, "chat", "--as", "alice", "--with", "bob", "--url", second.tcp)
	alice.line(alice.err, "* alice talks to bob, connected to node n2")
	bob.write("and back")
	if got := alice.line(alice.out, "bob: "); got != "and back" {
		t.Errorf("alice sees %q", got)
	}
	if err := alice.in.Close(); err != nil {
		t.Fatal(err)
	}
	if status := alice.wait(); status != 0 {
		t.Errorf("alice ends with %d", status)
	}

	third.signal(os.Interrupt)
	bob.line(bob.err, "* connection lost, reconnecting")
	if status := third.wait(); status != 0 {
		t.Errorf("the node ends with %d", status)
	}
}

func TestANodeDrainsWithTheFirstSignalAndEndsWithTheSecond(t *testing.T) {
	testkit.Home(t)
	n := serve(t)
	n.signal(syscall.SIGTERM)
	n.line(n.out, "stopping")
	if status := n.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
}

func TestAPortThatIsTakenIsNamed(t *testing.T) {
	testkit.Home(t)
	n := serve(t)
	addr := strings.TrimPrefix(n.tcp, "tcp://")
	status, _, errs := command(t, "", "serve", "--http", "off", "--tcp", addr)
	if status != 1 || !strings.Contains(errs, "--tcp "+addr) || !strings.Contains(errs, "address already in use") || strings.Count(errs, "\n") != 1 {
		t.Errorf("status %d, %q", status, errs)
	}
}

func TestSendSaysWhatBecameOfTheMessage(t *testing.T) {
	testkit.Home(t)
	n := serve(t)
	bob := start(t, "chat", "--as", "bob", "--with", "alice", "--url", n.tcp, "--stay")
	bob.line(bob.err, "* bob talks to alice")
	send := func(input string, args ...string) (status int, out, err string) {
		return command(t, input, append([]string{"send", "--url", n.ws}, args...)...)
	}
	for _, c := range []struct {
		name, input string
		args        []string
		status      int
		said, heard string
	}{
		{"delivered", "", []string{"--as", "alice", "--to", "bob", "hello"}, 0, "delivered to bob\n", "hello"},
		{"from the input", "piped\n", []string{"--as", "alice", "--to", "bob", "-"}, 0, "delivered to bob\n", "piped"},
		{"nobody there", "", []string{"--as", "alice", "--to", "nobody", "hello"}, 1, "parley: not delivered: nobody is not connected\n", ""},
		{"empty", "", []string{"--as", "alice", "--to", "bob", ""}, 1, "parley: not delivered: an empty message is not sent\n", ""},
		{"too long", strings.Repeat("x", 70000), []string{"--as", "alice", "--to", "bob", "-"}, 1, "parley: not delivered: message too large", ""},
		{"bad token", "", []string{"--token", "x", "--to", "bob", "hello"}, 1, "refused the token (token malformed): give one with --token", ""},
		{"other key", "", []string{"--as", "alice", "--auth-key", strings.Repeat("k", 32), "--to", "bob", "hello"}, 1, "refused the token (token forged", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, errs := send(c.input, c.args...)
			if status != c.status || !strings.Contains(out+errs, c.said) || strings.Count(out+errs, "\n") != 1 {
				t.Errorf("status %d, %q, want %q", status, out+errs, c.said)
			}
			if c.heard != "" {
				if got := bob.line(bob.out, "alice: "); got != c.heard {
					t.Errorf("bob sees %q", got)
				}
			}
		})
	}
}

func TestATokenLogsItsUserIn(t *testing.T) {
	testkit.Home(t)
	n := serve(t)
	status, token, errs := command(t, "", "token", "--user", "alice", "--ttl", "1m")
	if status != 0 || strings.Count(token, "\n") != 1 || errs != "" {
		t.Fatalf("status %d, %q, %q", status, token, errs)
	}
	token = strings.TrimSpace(token)
	if status, out, errs := command(t, "", "send", "--url", n.tcp, "--token", token, "--to", "alice", "note to self"); status != 0 {
		t.Errorf("status %d, %q, %q", status, out, errs)
	}
	status, _, errs = command(t, "", "send", "--url", n.tcp, "--token", token, "--as", "bob", "--to", "alice", "hi")
	if status != 1 || !strings.Contains(errs, `the token is of "alice", not of "bob"`) {
		t.Errorf("status %d, %q", status, errs)
	}
}

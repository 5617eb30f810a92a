package parley_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
)

// keyring is a server that never starts: it mints tokens with the key of the tests.
func keyring(t *testing.T) *parley.Server {
	t.Helper()
	s, err := parley.New(parley.Config{AuthKey: testKey})
	if err != nil {
		t.Fatal(err)
	}

	return s
}

// asks sends a request of ver 2 and wants this answer.
func (p *person) asks(cmd uint16, payload, want string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	r, err := p.Request(ctx, 2, cmd, []byte(payload))
	if err != nil || string(r.Data) != want {
		p.t.Fatalf("%s asked %d %q: %q, %v; want %q", p.id, cmd, payload, r.Data, err, want)
	}
}

func TestThreeProcessesCarryMessagesWithAllThatCanHappenToThem(t *testing.T) {
	servers := spawnCluster(t, 3)
	alice, bob := servers[0].login("alice", false), servers[2].login("bob", true)

	// both ways, by the client's own commands and by a handler of the server
	alice.tell("bob", "hello")
	bob.hears("alice: hello")
	bob.tell("alice", "and back")
	alice.hears("bob: and back")
	alice.asks(10, "bob by the server", "<nil>")
	bob.hears("push 2 11 by the server")
	alice.asks(10, "nobody hi", `message to nobody: user not found`)

	// decline, rewrite
	alice.tell("bob", "decline me")
	alice.tell("bob", "rewrite me")
	bob.hears("alice: rewritten")

	// clear with and without a message
	alice.asks(12, "bob see you", "")
	bob.hears("push 2 13 see you")
	alice.tell("bob", "again")
	bob.hears("alice: again")
	alice.asks(12, "bob ", "")
	bob.hears("push 2 99 alice")

	// disconnect by command, with a last message and without
	alice.tell("bob", "once more")
	bob.hears("alice: once more")
	if err := alice.Disconnect(t.Context(), "bob", []byte("enough")); err != nil {
		t.Fatal(err)
	}
	bob.hears("-alice: enough")

	// leaving, with a message of the server's and without
	alice.tell("bob", "one")
	bob.hears("alice: one")
	quiet := servers[1].login("quiet-quentin", false)
	quiet.tell("bob", "psst")
	bob.hears("quiet-quentin: psst")
	_ = alice.Close()
	bob.hears("-alice: bye bob")
	_ = quiet.Close()
	bob.hears("push 2 99 quiet-quentin")
	if err := bob.try("alice", "gone?"); err == nil || !strings.Contains(err.Error(), "user not found") {
		t.Errorf("to one who has left: %v", err)
	}
}

func TestAUserMovesAndASecondLoginElsewhereWins(t *testing.T) {
	servers := spawnCluster(t, 3)
	alice, bob := servers[0].login("alice", false), servers[1].login("bob", false)
	alice.tell("bob", "one")
	bob.hears("alice: one")
	_ = bob.Close()
	alice.hears("-bob: bye alice")
	bob = servers[2].login("bob", true)
	alice.tell("bob", "two")
	bob.hears("alice: two")

	newer := servers[0].login("bob", false)
	select {
	case <-bob.Done():
	case <-time.After(patience):
		t.Fatal("the older session stays")
	}
	var goodbye *client.GoodbyeError
	if err := bob.Err(); !asGoodbye(err, &goodbye) || goodbye.Code != 2002 {
		t.Errorf("the older session ended with %v, want goodbye 2002", err)
	}
	alice.tell("bob", "three")
	newer.hears("alice: three")
	_ = newer.Close()
	alice.hears("-bob: bye alice") // once, and only now
}

func TestWhenAProcessIsKilledThePeersOfItsUsersHearOfItAtOnce(t *testing.T) {
	servers := spawnCluster(t, 3)
	alice, bob := servers[0].login("alice", false), servers[1].login("bob", true)
	carol := servers[2].login("carol", false, client.WithoutReconnect())
	alice.tell("carol", "hi")
	carol.tell("bob", "hi")
	alice.tell("bob", "hi")
	bob.hears("carol: hi")
	bob.hears("alice: hi")
	killed := time.Now()
	servers[2].kill()
	alice.hears("push 2 99 carol")
	first := time.Since(killed)
	bob.hears("push 2 99 carol")
	if second := time.Since(killed); second > time.Second { // the kernel says so; a failure timeout would be more
		t.Errorf("the peers heard of it after %v and %v", first, second)
	} else {
		t.Logf("the peers heard of it after %v and %v", first, second)
	}
	alice.tell("bob", "we are still here")
	bob.hears("alice: we are still here")
	if err := alice.try("carol", "gone?"); err == nil || !strings.Contains(err.Error(), "user not found") {
		t.Errorf("to a user of the killed node: %v", err)
	}
}

func TestASignalDrainsTheNodeAndItsClientsComeBack(t *testing.T) {
	p := spawn(t)
	states := make(chan client.State, 100)
	alice := p.login("alice", false, client.OnState(func(s client.State) { states <- s }))
	alice.tell("alice", "note")
	alice.hears("alice: note")
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Fatal("the server does not stop")
	}
	if p.err != nil || p.stdout.String() != "on ready\non terminate\ndrained\n" {
		t.Errorf("the server ended with %v and said %q", p.err, p.stdout.String())
	}
	for s := range states {
		if s == client.StateReconnecting {
			break
		}
	}
}

func TestAServerThatCannotStartSaysWhyInOneLineAndExitsWithStatus1(t *testing.T) {
	taken := spawn(t)
	for setting, want := range map[string]string{
		"PARLEY_TCP=" + taken.addr("tcp"): "address already in use",
		"PARLEY_AUTH_KEY=short":           "32",
		"PARLEY_CONFIG=/nowhere.json":     "/nowhere.json",
		"PARLEY_TCP=0.0.0.0:0":            "insecure",
		"PARLEY_CLUSTER=127.0.0.1:0":      "secret",
	} {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), asServer+"=1", "PARLEY_TCP=127.0.0.1:0", "PARLEY_HTTP=127.0.0.1:0", "PARLEY_AUTH_KEY="+testKey, setting)
		out, _ := cmd.CombinedOutput()
		text := strings.TrimSpace(string(out))
		if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(text, want) || strings.Contains(text, "\n") || !strings.HasPrefix(text, "parley: ") {
			t.Errorf("%s: status %d, %q; want status 1 and one line with %q", setting, cmd.ProcessState.ExitCode(), text, want)
		}
	}
}

package parley_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// These tests drive real processes: the test binary runs itself again, as a server in the seed's
// style.

const asServer = "PARLEY_TEST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(asServer) != "" {
		serve()

		return
	}
	// The end of memberlist does not wait for a probe that is under way, which takes two seconds.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/hashicorp/memberlist.(*Memberlist).probeNode"))
}

// serve is such a server: the default node, with callbacks that the tests can see.
func serve() {
	dm.ExposeCommands()
	dm.SetOnReceiveMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) bool { return string(msg) != "decline me" })
	dm.SetOnMessage(func(_ uint8, _ uint16, msg []byte, _ string, _ *user.User) []byte {
		if string(msg) == "rewrite me" {
			return []byte("rewritten")
		}

		return nil
	})
	dm.SetOnUserDisconnect(func(u *user.User, peer string) []byte {
		if strings.HasPrefix(u.ID, "quiet") {
			return nil
		}

		return []byte("bye " + peer)
	})
	dm.SetOnClearCache(func(gone string, stayer *user.User) { stayer.ServerPush(2, 99, []byte(gone), true) })
	send := func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
		to, text, _ := strings.Cut(string(payload), " ")
		dm.SendMessageByUserID(u, to, 2, 11, []byte(text), func(err error) {
			u.ServerRespond(fmt.Append(nil, err), ver, cmd, parley.StatusOK, true)
			next(nil)
		})
	}
	parley.HandleCommand(2, 10, send)
	parley.HandleCommand(2, 12, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
		peer, text, _ := strings.Cut(string(payload), " ")
		dm.ClearCacheByUserID(u, peer, 2, 13, []byte(text))
		u.ServerRespond(nil, ver, cmd, parley.StatusOK, true)
		next(nil)
	})
	parley.OnReady(func() { say("on ready") })
	parley.OnTerminate(func() { say("on terminate") })
	parley.Start()
	say("drained")
}

func say(what string) { _, _ = fmt.Fprintln(os.Stdout, what) }

// process is a running server.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	ready  map[string]any // its "ready" line
	stdout bytes.Buffer   // read after its end
	exited chan struct{}
	err    error // after exited
}

// spawn starts a server process with these settings in its environment and waits until it is ready.
func spawn(t *testing.T, settings ...string) *process {
	t.Helper()
	p := &process{t: t, exited: make(chan struct{})}
	p.cmd = exec.CommandContext(context.Background(), os.Args[0])
	p.cmd.Env = append(os.Environ(), append([]string{
		asServer + "=1", "PARLEY_LOG_FORMAT=json", "PARLEY_TCP=127.0.0.1:0", "PARLEY_HTTP=127.0.0.1:0", "PARLEY_AUTH_KEY=" + testKey,
	}, settings...)...)
	p.cmd.Stdout = &p.stdout
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan map[string]any, 1)
	go p.follow(stderr, ready)
	t.Cleanup(p.kill)
	select {
	case p.ready = <-ready:
	case <-p.exited:
		t.Fatalf("the server has ended: %v", p.err)
	case <-time.After(patience):
		t.Fatal("the server does not become ready")
	}

	return p
}

// follow reads the server's log to its end.
func (p *process) follow(stderr io.Reader, ready chan<- map[string]any) {
	defer close(p.exited)
	var log []string
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		var line map[string]any
		log = append(log, lines.Text())
		if json.Unmarshal(lines.Bytes(), &line) == nil && line["msg"] == "ready" {
			ready <- line
		}
	}
	if p.err = p.cmd.Wait(); p.err != nil {
		p.err = fmt.Errorf("%w: %s", p.err, strings.Join(log, "\n"))
	}
}

func (p *process) addr(name string) string { return fmt.Sprint(p.ready[name]) }

// kill ends the process as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// spawnCluster starts servers that have joined each other.
func spawnCluster(t *testing.T, n int) []*process {
	t.Helper()
	var all []*process
	for i := range n {
		settings := []string{fmt.Sprintf("PARLEY_NODE=n%d", i+1), "PARLEY_CLUSTER=127.0.0.1:0", "PARLEY_CLUSTER_SECRET=" + testSecret}
		if i > 0 {
			settings = append(settings, "PARLEY_JOIN="+all[0].addr("cluster"))
		}
		all = append(all, spawn(t, settings...))
	}

	return all
}

// login connects a user to the server: by TCP, or by WebSocket if ws.
func (p *process) login(id string, ws bool, opts ...client.Option) *person {
	p.t.Helper()
	url := "tcp://" + p.addr("tcp")
	if ws {
		url = "ws://" + p.addr("http")
	}

	return dial(p.t, keyring(p.t), id, url, opts...)
}

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

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
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

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

// login connects a user to the server: by TCP, or by WebSocket if ws.
func (p *process) login(id string, ws bool, opts ...client.Option) *person {
	p.t.Helper()
	url := "tcp://" + p.addr("tcp")
	if ws {
		url = "ws://" + p.addr("http")
	}

	return dial(p.t, keyring(p.t), id, url, opts...)
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

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/testkit"
)

const testAdminKey = "an-admin-key-of-tests"

// adminNode starts a node with an admin listener, and logs alice in.
func adminNode(t *testing.T) *parley.Server {
	t.Helper()
	node, err := parley.New(parley.Config{
		Node: "n1", TCP: "127.0.0.1:0", HTTP: "127.0.0.1:0", Admin: "127.0.0.1:0", AdminKey: testAdminKey,
		AuthKey: "a signing key for tests, 32 bytes long or more", LogLevel: "error",
	})
	if err != nil {
		t.Fatal(err)
	}
	node.DM().ExposeCommands()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	if err := node.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = node.Stop(ctx) })
	token, err := node.Token("alice")
	if err != nil {
		t.Fatal(err)
	}
	alice, err := client.Dial(ctx, "tcp://"+node.TCPAddr(), client.WithToken(token), client.WithoutReconnect())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = alice.Close() })

	return node
}

func TestAnOperatorWorksFromTheCommandLine(t *testing.T) {
	testkit.Home(t)
	node := adminNode(t)
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(testAdminKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, out, err := command(t, "", "ready", "--url", "http://"+node.HTTPAddr()); status != 0 || out != "ready\n" {
		t.Errorf("ready: status %d %s%s", status, out, err)
	}
	if status, _, err := command(t, "", "ready", "--url", "http://127.0.0.1:1"); status != 1 || !strings.Contains(err, "does not answer") {
		t.Errorf("ready: status %d %s", status, err)
	}
	t.Setenv("PARLEY_ADMIN_URL", "http://"+node.AdminAddr())
	t.Setenv("PARLEY_ADMIN_KEY", "file:"+key)
	for _, c := range []struct {
		args   string
		input  string
		status int
		out    string
		err    string
	}{
		{args: "nodes", out: node.NodeID() + "  1 users  1 members  ready  since 20"},
		{args: "users alice", out: "alice  " + node.NodeID() + "  tcp  since 20"},
		{args: "users alice zed", status: 2, out: "zed    not connected\n"},
		{args: "send --from shop --to alice hi", out: "delivered\n"},
		{args: "send --from shop --to alice --ver 2 --cmd 9 -", input: "\x00\xff\n", out: "delivered\n"},
		{args: "send --from shop --to zed hi", status: 1, err: "parley: message to zed: user not found (5004)\n"},
		{args: "send --from shop --to alice --cmd 65536 hi", status: 1, err: "parley: --cmd: "},
		{args: "kick zed", status: 2, out: "zed is not connected\n"},
		{args: "kick --ban 1h zed", out: "zed is not connected; banned until 20"},
		{args: "kick --ban 0s zed", out: "zed may log in\n"},
		{args: "kick --ban long zed", status: 1, err: "parley: --ban: \"long\" is no time"},
		{args: "kick alice", out: "alice was sent away\n"},
		{args: "users alice", status: 2, out: "alice  not connected\n"},
		{args: "nodes --admin-key another-key-of-tests", status: 1, err: "parley: unauthorized: send the admin key of the nodes"},
		{args: "nodes --admin-key short", status: 1, err: "parley: --admin-key: it has 5 bytes: an admin key has at least 16"},
		{args: "nodes --url tcp://" + node.TCPAddr(), status: 1, err: "is no URL of a node: write http://host:port"},
		{args: "nodes --url http://" + node.HTTPAddr(), status: 1, err: "has no admin API (404 Not Found): give the node an --admin-key"},
		{args: "nodes --url http://127.0.0.1:1", status: 1, err: "parley: http://127.0.0.1:1 does not answer: "},
	} {
		status, out, err := command(t, c.input, append([]string{"admin"}, strings.Fields(c.args)...)...)
		if status != c.status || !strings.Contains(out, c.out) || !strings.Contains(err, c.err) || c.err == "" && err != "" {
			t.Errorf("admin %s: status %d\n%s%s, want %d %q %q", c.args, status, out, err, c.status, c.out, c.err)
		}
	}
}

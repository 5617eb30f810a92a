package examples_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// talker is a client of the chat, as a process.
type talker struct {
	t     *testing.T
	in    io.WriteCloser
	lines *bufio.Scanner
	cmd   *exec.Cmd
}

func (c *talker) write(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.t.Error(err)
	}
}

func (c *talker) wants(line string) {
	c.t.Helper()
	if !c.lines.Scan() || c.lines.Text() != line {
		c.t.Fatalf("the client prints %q, want %q", c.lines.Text(), line)
	}
}

func (c *talker) leave() {
	c.t.Helper()
	_ = c.in.Close()
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("the client ends with %v", err)
	}
}

func TestTheChatOfTheTutorialTalks(t *testing.T) {
	const key = "a key for the test of the chat, long enough"
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	addr, stop := server(ctx, t, "chat/server", "PARLEY_AUTH_KEY="+key)
	binary := build(ctx, t, "chat/client")
	login := func(userID string) *talker {
		claims := jwt.MapClaims{"sub": userID, "exp": time.Now().Add(time.Hour).Unix()}
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		c := &talker{t: t, cmd: exec.CommandContext(ctx, binary, "-url", "tcp://"+addr, "-token", token)}
		out, err := c.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if c.in, err = c.cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
		c.lines = bufio.NewScanner(out)
		if err := c.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		c.wants("you are " + userID)

		return c
	}
	alice := login("alice")
	alice.write("bob hello")
	alice.wants("bob is not here")
	bob := login("bob")
	alice.write("bob hello")
	alice.wants("delivered")
	bob.wants("alice: hello")
	bob.write("/block alice")
	bob.wants("blocked")
	alice.write("bob hello again")
	alice.wants("declined")
	alice.leave()
	bob.wants("alice has left")
	bob.leave()
	if err := stop(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
}

// TestTheTutorialShowsTheChat holds the code of docs/tutorial.md to the example that the test above
// runs.
func TestTheTutorialShowsTheChat(t *testing.T) {
	page, err := os.ReadFile("../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"chat/server/main.go", "chat/client/main.go"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, code, _ := strings.Cut(string(data), "package main\n")
		if !strings.Contains(string(page), "```go\npackage main\n"+code+"```\n") {
			t.Errorf("docs/tutorial.md does not show %s as it is", file)
		}
	}
}

package examples_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// freeBase finds a port below which the ports of an example's nodes are free.
func freeBase(t *testing.T) string {
	t.Helper()
	for range 100 {
		base, free := 10000+rand.IntN(20000), true // outside the range of ports of outgoing connections
		for _, offset := range []int{1, 2, 11, 12, 20, 21} {
			ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+offset))
			if free = free && err == nil; err == nil {
				ln.Close()
			}
		}
		if free {
			return strconv.Itoa(base)
		}
	}
	t.Fatal("no ports are free")

	return ""
}

// background runs a program until the test ends, and returns when it has printed a line with the
// text.
func background(ctx context.Context, t *testing.T, text, binary string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, args...)
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		in.Close()
		reading.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), text) {
			reading.Go(func() { _, _ = io.Copy(io.Discard, out) })

			return
		}
	}
	t.Fatalf("%s %q has not printed %q", binary, args, text)
}

func output(ctx context.Context, t *testing.T, binary string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(ctx, binary, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%q: %v", args, err)
	}

	return string(out)
}

func TestOnlineIsAskedForFromAnotherNode(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	binary, base := build(ctx, t, "online"), "-base="+freeBase(t)
	background(ctx, t, "msg=ready", binary, base, "node", "1")
	background(ctx, t, "msg=ready", binary, base, "node", "2")
	background(ctx, t, "alice is connected", binary, base, "login", "alice", "1")
	if got := output(ctx, t, binary, base, "ask", "zed", "2"); got != "zed is not online\n" {
		t.Errorf("got %q", got)
	}
	for got := ""; !strings.Contains(got, "alice is online since ") || !strings.Contains(got, "node n1#"); {
		got = output(ctx, t, binary, base, "ask", "alice", "2") // it may be written a moment after the welcome
		if ctx.Err() != nil || t.Failed() {
			t.Fatalf("got %q", got)
		}
	}
}

func TestMatchqueuePairsPlayersOfTwoNodes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	binary, base := build(ctx, t, "matchqueue"), "-base="+freeBase(t)
	background(ctx, t, "msg=ready", binary, base, "node", "1")
	background(ctx, t, "msg=ready", binary, base, "node", "2")
	const players = 6
	var wg sync.WaitGroup
	said := make([]string, players)
	for i := range players {
		wg.Go(func() {
			said[i] = output(ctx, t, binary, base, "play", fmt.Sprintf("player-%d", i), strconv.Itoa(1+i%2))
		})
	}
	wg.Wait()
	matches := map[string]int{}
	for i, text := range said {
		_, match, _ := strings.Cut(text, "match of ")
		if !strings.Contains(match, fmt.Sprintf("player-%d", i)) {
			t.Errorf("player %d heard %q", i, text)
		}
		matches[match]++
	}
	for match, told := range matches {
		if told != 2 {
			t.Errorf("%d players were told of %q", told, match)
		}
	}
}

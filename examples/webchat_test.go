package examples_test

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/parley-dm/parley/client"
)

// webchat starts the chat, and returns its address and a function that stops it. How its page
// behaves is tested in a browser: web/test/webchat.test.mjs.
func webchat(ctx context.Context, t *testing.T) (addr string, stop func()) {
	t.Helper()
	cmd := exec.CommandContext(ctx, build(ctx, t, "webchat"), "-addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("webchat ends with %v", err)
		}
	}
	line := make([]byte, 200)
	n, err := out.Read(line)
	found := regexp.MustCompile(`http://(\S+)`).FindSubmatch(line[:n])
	if err != nil || found == nil {
		stop()
		t.Fatalf("webchat prints %q, %v", line[:n], err)
	}

	return string(found[1]), stop
}

// call makes a request and returns status and body.
func call(ctx context.Context, t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}

	return answer.StatusCode, string(text)
}

func TestWebchatServesPageTokensAndMessages(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	addr, stop := webchat(ctx, t)
	defer stop()
	if status, page := call(ctx, t, http.MethodGet, "http://"+addr+"/", ""); status != http.StatusOK || !strings.Contains(page, "<title>Webchat</title>") {
		t.Errorf("the page: status %d\n%s", status, page)
	}
	if status, _ := call(ctx, t, http.MethodGet, "http://"+addr+"/../main.go", ""); status == http.StatusOK {
		t.Error("a file that is no part of the page was served")
	}
	for _, name := range []string{"", "a\nb", "\xff", strings.Repeat("a", 129)} {
		if status, text := call(ctx, t, http.MethodPost, "http://"+addr+"/token", name); status != http.StatusBadRequest || text == "" {
			t.Errorf("a token for %q: status %d, %q", name, status, text)
		}
	}

	gone := make(chan string, 1)
	login := func(name string, options ...client.Option) *client.Client {
		t.Helper()
		_, token := call(ctx, t, http.MethodPost, "http://"+addr+"/token", name)
		c, err := client.Dial(ctx, "ws://"+addr, append(options, client.WithToken(token))...)
		if err != nil {
			t.Fatal(err)
		}

		return c
	}
	alice := login("alice", client.OnPeerDisconnect(func(peer string, _ []byte) { gone <- peer }))
	defer alice.Close()
	bob := login("bob")
	leave := sync.OnceFunc(func() { _ = bob.Close() })
	defer leave()
	if receipt, err := alice.Send(ctx, "bob", []byte("hello")); err != nil || receipt.Result != client.Delivered {
		t.Fatalf("%v, %v", receipt, err)
	}
	leave()
	select {
	case peer := <-gone:
		if peer != "bob" {
			t.Errorf("alice hears that %s has left", peer)
		}
	case <-ctx.Done():
		t.Error("alice does not hear that bob has left")
	}
}

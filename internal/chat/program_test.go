package chat

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// terminal collects what is written to it and tells when something has been.
type terminal struct {
	mu      sync.Mutex
	written strings.Builder // guarded by mu
	more    *sync.Cond
}

func (b *terminal) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.more.Broadcast()

	return b.written.Write(p)
}

func (b *terminal) wait(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for !strings.Contains(ansi.Strip(b.written.String()), text) {
		b.more.Wait()
	}
}

func TestTwoPeopleTalkOnScreens(t *testing.T) {
	h := newHub(t)
	bob := h.typist("bob", "alice", true)
	read(t, bob.err)
	alice := h.start("alice")
	term := &terminal{}
	term.more = sync.NewCond(&term.mu)
	keyboard, keys := io.Pipe()
	defer keys.Close()
	ended := make(chan error, 1)
	h.tasks.Go(func() {
		ended <- run(t.Context(), newScreen(alice, "bob", h.url()), alice.Events(),
			tea.WithInput(keyboard), tea.WithOutput(term), tea.WithWindowSize(80, 24), tea.WithEnvironment([]string{"TERM=xterm"}))
	})
	term.wait("you are alice")
	write(t, keys, "hello\r")
	if got := read(t, bob.out); got != "alice: hello" {
		t.Errorf("bob sees %q", got)
	}
	write(t, bob.in, "and you\n")
	term.wait("and you")
	term.wait("✓")
	write(t, keys, "/quit\r")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAScreenEndsWithItsContext(t *testing.T) {
	h := newHub(t)
	alice := h.start("alice")
	ctx, stop := context.WithCancel(t.Context())
	term := &terminal{}
	term.more = sync.NewCond(&term.mu)
	keyboard, keys := io.Pipe()
	defer keys.Close()
	ended := make(chan error, 1)
	h.tasks.Go(func() {
		ended <- run(ctx, newScreen(alice, "bob", h.url()), alice.Events(), tea.WithInput(keyboard), tea.WithOutput(term), tea.WithWindowSize(80, 24))
	})
	term.wait("you are alice")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

package chat

import (
	"context"
	"io"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/parley-dm/parley/internal/testkit"
)

// terminal is what a screen is written to.
type terminal struct{ testkit.Output }

// wait waits until a text is on the screen.
func (b *terminal) wait(t *testing.T, text string) {
	t.Helper()
	testkit.Eventually(t, "on the screen: "+text, func() bool { return strings.Contains(ansi.Strip(b.String()), text) })
}

func TestTwoPeopleTalkOnScreens(t *testing.T) {
	h := newHub(t)
	bob := h.typist("bob", "alice", true)
	read(t, bob.err)
	alice := h.start("alice")
	term := &terminal{}
	keyboard, keys := io.Pipe()
	defer keys.Close()
	ended := make(chan error, 1)
	h.tasks.Go(func() {
		ended <- run(t.Context(), newScreen(alice, "bob", h.url()), alice.Events(),
			tea.WithInput(keyboard), tea.WithOutput(term), tea.WithWindowSize(80, 24), tea.WithEnvironment([]string{"TERM=xterm"}))
	})
	term.wait(t, "you are alice")
	write(t, keys, "hello\r")
	if got := read(t, bob.out); got != "alice: hello" {
		t.Errorf("bob sees %q", got)
	}
	write(t, bob.in, "and you\n")
	term.wait(t, "and you")
	term.wait(t, "✓")
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
	keyboard, keys := io.Pipe()
	defer keys.Close()
	ended := make(chan error, 1)
	h.tasks.Go(func() {
		ended <- run(ctx, newScreen(alice, "bob", h.url()), alice.Events(), tea.WithInput(keyboard), tea.WithOutput(term), tea.WithWindowSize(80, 24))
	})
	term.wait(t, "you are alice")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

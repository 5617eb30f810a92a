package chat

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/parley-dm/parley/wire"
)

// typist runs Lines with ends to type into and to read from.
type typist struct {
	in       *io.PipeWriter
	out, err *bufio.Scanner
	ended    chan error
	stop     context.CancelFunc
}

func (h *hub) typist(name, peer string, stay bool) *typist {
	h.t.Helper()
	c := h.start(name)
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	errR, errW := io.Pipe()
	ctx, stop := context.WithCancel(h.t.Context())
	ty := &typist{in: inW, out: bufio.NewScanner(outR), err: bufio.NewScanner(errR), ended: make(chan error, 1), stop: stop}
	h.tasks.Go(func() {
		ty.ended <- Lines(ctx, c, Streams{In: inR, Out: outW, Err: errW}, peer, h.url(), stay)
		outW.Close()
		errW.Close()
	})
	h.t.Cleanup(func() {
		stop()
		inW.Close()
		outR.Close()
		errR.Close()
	})

	return ty
}

func read(t *testing.T, s *bufio.Scanner) string {
	t.Helper()
	if !s.Scan() {
		t.Fatalf("nothing more to read: %v", s.Err())
	}

	return s.Text()
}

func write(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Error(err)
	}
}

func TestALineInIsAMessageAndAMessageInIsALine(t *testing.T) {
	h := newHub(t)
	bob := h.typist("bob", "alice", true)
	if got, want := read(t, bob.err), "* bob talks to alice, connected to node n1 at "+h.url(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	alice := h.typist("alice", "bob", false)
	read(t, alice.err)
	write(t, alice.in, "hello bob\r\n\nsecond\x1b[2J\n")
	alice.in.Close()
	for _, want := range []string{"alice: hello bob", "alice: second\uFFFD[2J"} {
		if got := read(t, bob.out); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if err := <-alice.ended; err != nil {
		t.Errorf("alice ended with %v", err)
	}
	bob.in.Close() // it stays
	h.push("bob", 701, "carol", "one\ntwo")
	if got := read(t, bob.out); got != `carol: one\ntwo` {
		t.Errorf("got %q", got)
	}
	h.push("bob", 700, "alice", "bye")
	if got := read(t, bob.err); got != "* alice has left: bye" {
		t.Errorf("got %q", got)
	}
	bob.stop()
	if err := <-bob.ended; err != nil {
		t.Errorf("bob ended with %v", err)
	}
}

func TestWhatIsNotDeliveredIsSaidAndCounted(t *testing.T) {
	h := newHub(t)
	alice := h.typist("alice", "bob", false)
	read(t, alice.err)
	write(t, alice.in, "anybody?\n")
	if got := read(t, alice.err); got != "* not delivered: bob is not connected" {
		t.Errorf("got %q", got)
	}
	alice.in.Close()
	if err := <-alice.ended; err == nil || err.Error() != "1 of 1 messages were not delivered" {
		t.Errorf("ended with %v", err)
	}
}

func TestADeclinedMessageIsSaidAndCounted(t *testing.T) {
	for peer, want := range map[string]string{
		"decliner": "* declined: the server refused it on behalf of decliner",
		"dropper":  "* dropped: the server did not pass it on to dropper",
	} {
		h := newHub(t)
		alice := h.typist("alice", peer, false)
		read(t, alice.err)
		write(t, alice.in, "hello\n")
		if got := read(t, alice.err); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		alice.in.Close()
		if err := <-alice.ended; err == nil || err.Error() != "1 of 1 messages were not delivered" {
			t.Errorf("ended with %v", err)
		}
	}
}

func TestLinesEndWhenTheSessionIsOverForGood(t *testing.T) {
	h := newHub(t)
	alice := h.typist("alice", "bob", true)
	read(t, alice.err)
	h.wait("alice")
	h.goodbye("alice", wire.GoodbyeReplaced)
	if err := <-alice.ended; err == nil || !strings.HasPrefix(err.Error(), "logged in elsewhere") {
		t.Errorf("ended with %v", err)
	}
}

func TestALostConnectionComesBack(t *testing.T) {
	h := newHub(t)
	alice := h.typist("alice", "bob", true)
	read(t, alice.err)
	h.wait("alice")
	h.goodbye("alice", wire.GoodbyeStopping)
	if got := read(t, alice.err); got != "* connection lost, reconnecting" {
		t.Errorf("got %q", got)
	}
	if got := read(t, alice.err); !strings.HasPrefix(got, "* alice talks to bob, connected to node n1") {
		t.Errorf("got %q", got)
	}
}

func TestALineTooLongToReadIsAnError(t *testing.T) {
	h := newHub(t)
	alice := h.typist("alice", "bob", false)
	read(t, alice.err)
	h.tasks.Go(func() { _, _ = io.WriteString(alice.in, strings.Repeat("x", longestLine+1)) }) // ends with the pipe
	if err := <-alice.ended; err == nil || !strings.Contains(err.Error(), "cannot be read on") {
		t.Errorf("ended with %v", err)
	}
}

package demo

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

func options(t *testing.T, out io.Writer) Options {
	t.Helper()
	t.Setenv(asNode, "1")

	return Options{Out: out, Fast: true, NoOpen: true, Listen: anyPort, Program: program(t), Command: "parley"}
}

// program is this test binary, which nodes run.
func program(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	return path
}

func once(o Options) Options {
	o.Once = true

	return o
}

func TestTheTourTellsEveryStep(t *testing.T) {
	testkit.Home(t)
	var out bytes.Buffer
	if err := Run(t.Context(), once(options(t, &out))); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, step := range []string{"\n1. ", "\n2. ", "\n3. ", "\n4. ", "\n5. ", "\n6. ", "\n7. ", "\n8. "} {
		if !strings.Contains(out.String(), step) {
			t.Errorf("step %q is missing in\n%s", step, &out)
		}
	}
}

// stopper stops the tour as soon as it says something.
type stopper struct {
	word string
	stop context.CancelFunc
}

func (s *stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.word)) {
		s.stop()
	}

	return len(p), nil
}

func TestCtrlCEndsTheTourAtAnyStep(t *testing.T) {
	testkit.Home(t)
	for _, word := range []string{"1. ", "2. ", "4. ", "5. ", "8. ", "It stays up"} {
		ctx, stop := context.WithCancel(t.Context())
		if err := Run(ctx, options(t, &stopper{word: word, stop: stop})); err != nil {
			t.Errorf("leaving at %q: %v", word, err)
		}
		stop()
	}
}

func TestShortRoundsToThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 999: "999 ns", 123456: "123 µs", 1234567: "1.23 ms", 12345678: "12.3 ms", 1234567890: "1.23 s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

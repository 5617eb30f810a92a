package demo

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// home keeps the development key of the demo's nodes out of the real cache.
func home(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, dir)
	}
}

func TestTheTourTellsEveryStep(t *testing.T) {
	home(t)
	var out bytes.Buffer
	if err := Run(t.Context(), Options{Out: &out, Once: true}); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, step := range []string{"\n1. ", "\n2. ", "\n3. ", "\n4. ", "\n5. ", "\n6. ", "\n7. "} {
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

func TestAGuestMayLeaveAtAnyStep(t *testing.T) {
	home(t)
	for _, word := range []string{"1. ", "2. ", "4. ", "5. ", "It stays up"} {
		ctx, stop := context.WithCancel(t.Context())
		if err := Run(ctx, Options{Out: &stopper{word: word, stop: stop}}); err != nil {
			t.Errorf("leaving at %q: %v", word, err)
		}
		stop()
	}
}

func TestShortRoundsToThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 999: "999ns", 123456: "123µs", 1234567: "1.23ms", 12345678: "12.3ms", 1234567890: "1.23s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

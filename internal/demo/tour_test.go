package demo

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// terminal is what the demo has printed.
type terminal struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (s *terminal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.text.Write(p)
}

// until waits until something was printed.
func (s *terminal) until(t *testing.T, want string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !strings.Contains(s.String(), want); {
		<-tick.C
		if time.Now().After(end) {
			t.Fatalf("%q was not printed:\n%s", want, s)
		}
	}
}

func (s *terminal) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.text.String()
}

func TestTheTourGivesWayToTheUserOfThePage(t *testing.T) {
	home(t)
	out := &terminal{}
	o := options(t, out)
	o.Fast = false
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	out.until(t, "All three are ready") // and the reader has time for step 2
	_, rest, _ := strings.Cut(out.String(), "The demo page is at ")
	url, _, _ := strings.Cut(rest, "\n")
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"api/nodes/n2/kill", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Errorf("%s", resp.Status)
	}
	http.DefaultClient.CloseIdleConnections()
	out.until(t, "The tour ends here: a node was killed or restarted on the page.")
	cancel() // as ctrl+c
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

package hook

import (
	"testing"
	"time"
)

func TestFailuresAreLoggedOnceASecond(t *testing.T) {
	var f failureLog
	now := time.Now()
	for i, c := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {0, 0}, {logPause / 2, 0}, {logPause, 3}, {logPause, 0}, {3 * logPause, 2}} {
		if got := f.due(now.Add(c.after)); got != c.want {
			t.Errorf("failure %d: %d to be logged, want %d", i, got, c.want)
		}
	}
}

package hook

import (
	"sync"
	"time"
)

// logPause is the time between two lines of the log about failures.
const logPause = time.Second

// failureLog bounds what the log says of failed requests: the first one at once, then a line a
// second with their number.
type failureLog struct {
	mu    sync.Mutex
	count int       // failures that the log has not told of; guarded by mu
	next  time.Time // of a line; guarded by mu
}

// due counts a failure. It returns how many the log has to tell of now; 0: none.
func (f *failureLog) due(now time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count++
	if now.Before(f.next) {
		return 0
	}
	count := f.count
	f.count, f.next = 0, now.Add(logPause)

	return count
}

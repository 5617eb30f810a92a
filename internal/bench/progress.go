package bench

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// ProgressBar is a line on a terminal that says how far a run is. Its methods are safe for use by
// several goroutines.
type ProgressBar struct {
	w io.Writer

	mu    sync.Mutex
	drawn time.Time // guarded by mu
	width int       // of what stands there; guarded by mu
}

// NewProgressBar makes a bar on a terminal.
func NewProgressBar(w io.Writer) *ProgressBar { return &ProgressBar{w: w} }

const (
	barCells = 24
	barEvery = 50 * time.Millisecond
)

// Show draws how much is done, 0 to 1, and what is being done; not too often.
func (b *ProgressBar) Show(done float64, what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if time.Since(b.drawn) < barEvery {
		return
	}
	b.drawn = time.Now()
	done = min(max(done, 0), 1)
	full := int(done * barCells)
	b.draw(fmt.Sprintf("%s%s %3.0f %%  %s", strings.Repeat("█", full), strings.Repeat("░", barCells-full), 100*done, what))
}

// Clear takes the bar away.
func (b *ProgressBar) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.width > 0 {
		b.draw("")
		fmt.Fprint(b.w, "\r")
	}
}

// draw replaces what stands there. The caller holds mu.
func (b *ProgressBar) draw(s string) {
	width := len([]rune(s))
	fmt.Fprintf(b.w, "\r%s%s", s, strings.Repeat(" ", max(b.width-width, 0)))
	b.width = width
}

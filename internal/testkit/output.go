package testkit

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// Output collects what is written to it: what a program under test prints, or the lines of its log.
// The zero value is empty. It is safe for use by several goroutines.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

// Write implements io.Writer.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()

	return o.text.Write(p)
}

// String is all that was written.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()

	return o.text.String()
}

// Logger logs to it, in lines of text.
func (o *Output) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(o, nil)) }

// Count is how often a text was written.
func (o *Output) Count(text string) int { return strings.Count(o.String(), text) }

// Wait waits until a text was written.
func (o *Output) Wait(tb testing.TB, text string) {
	tb.Helper()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("written:\n%s", o)
		}
	})
	Eventually(tb, "written: "+text, func() bool { return strings.Contains(o.String(), text) })
}

package parley_test

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// linkWatch is a log that tells when links stand. It prints nothing.
type linkWatch struct{ ends *atomic.Int32 }

func newLinkWatch() *linkWatch { return &linkWatch{new(atomic.Int32)} }

// both tells whether both ends of a link have said that packets go by it.
func (w *linkWatch) both() bool { return w.ends.Load() >= 2 }

func (w *linkWatch) Enabled(context.Context, slog.Level) bool { return true }
func (w *linkWatch) WithAttrs([]slog.Attr) slog.Handler       { return w }
func (w *linkWatch) WithGroup(string) slog.Handler            { return w }

func (w *linkWatch) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "packets to a node go by a link" {
		w.ends.Add(1)
	}

	return nil
}

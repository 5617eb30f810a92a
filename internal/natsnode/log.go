package natsnode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
)

// serverLog takes the lines of the NATS server into the node's log: what it calls an error is a
// warning here, since dm does not depend on it.
type serverLog struct {
	log   *slog.Logger
	fatal atomic.Pointer[string] // why the server cannot start
}

func (l *serverLog) line(level slog.Level, format string, v []any) {
	l.log.Log(context.Background(), level, "storages: the NATS server says", "line", fmt.Sprintf(format, v...))
}

// Noticef implements server.Logger.
func (l *serverLog) Noticef(format string, v ...any) { l.line(slog.LevelDebug, format, v) }

// Warnf implements server.Logger.
func (l *serverLog) Warnf(format string, v ...any) { l.line(slog.LevelDebug, format, v) }

// Errorf implements server.Logger.
func (l *serverLog) Errorf(format string, v ...any) { l.line(slog.LevelWarn, format, v) }

// Debugf implements server.Logger.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l *serverLog) Tracef(string, ...any) {}

// Fatalf implements server.Logger.
func (l *serverLog) Fatalf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.fatal.Store(&text)
	l.line(slog.LevelError, format, v)
}

func (l *serverLog) startError() error {
	if why := l.fatal.Load(); why != nil {
		return errors.New("the server of the storages does not start: " + *why)
	}

	return errors.New("the server of the storages does not start")
}

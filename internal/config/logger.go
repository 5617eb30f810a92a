package config

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"

	"github.com/parley-dm/parley/internal/logwriter"
)

// Logger returns a logger that writes to w as the settings say, without ever waiting for w. It sets
// the level, which may be changed later. Closing the log writer waits, for a bounded time, until w
// has taken every line.
func (c *Config) Logger(w io.Writer, level *slog.LevelVar) (*slog.Logger, *logwriter.Writer) {
	if SetLevel(level, c.LogLevel) != nil {
		level.Set(slog.LevelInfo)
	}
	lines := logwriter.New(w, func(dropped uint64) []byte {
		var line bytes.Buffer
		slog.New(c.handler(&line, slog.LevelWarn)).Warn(fmt.Sprintf("%d log lines were dropped", dropped), //nolint:sloglint // for readers as for scripts
			"reason", "the reader of the log did not read them")

		return line.Bytes()
	})

	return slog.New(c.handler(lines, level)), lines
}

// SetLevel sets a level by its name.
func SetLevel(level *slog.LevelVar, name string) error {
	name, err := oneOf("debug", "info", "warn", "error")(name)
	if err != nil {
		return err
	}

	return level.UnmarshalText([]byte(name))
}

func (c *Config) handler(w io.Writer, level slog.Leveler) slog.Handler {
	options := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "json" {
		return slog.NewJSONHandler(w, options)
	}

	return slog.NewTextHandler(w, options)
}

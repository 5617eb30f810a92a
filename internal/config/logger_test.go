package config_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/config"
	"github.com/parley-dm/parley/internal/logwriter"
	"github.com/parley-dm/parley/internal/testkit"
)

func TestTheLoggerKeepsToLevelAndFormat(t *testing.T) {
	var out bytes.Buffer
	c := config.Config{LogLevel: "warn", LogFormat: "json"}
	log, lines := c.Logger(&out, new(slog.LevelVar))
	log.Info("not this")
	log.Warn("but this")
	flush(t, lines)
	var line struct{ Msg string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Msg != "but this" {
		t.Errorf("logged %q, %v", out.String(), err)
	}

	out.Reset()
	c = config.Config{}
	log, lines = c.Logger(&out, new(slog.LevelVar))
	log.Debug("not this")
	log.Info("but this")
	flush(t, lines)
	if !strings.Contains(out.String(), `level=INFO msg="but this"`) || strings.Contains(out.String(), "not this") {
		t.Errorf("logged %q", out.String())
	}
}

func flush(t *testing.T, lines *logwriter.Writer) {
	t.Helper()
	if err := lines.Close(10 * time.Second); err != nil {
		t.Fatal(err)
	}
}

// stuck is a log whose reader does not read until it is told to.
type stuck struct {
	bytes.Buffer

	reads chan struct{}
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.reads

	return s.Buffer.Write(p)
}

func TestDroppedLinesAreToldOfInTheFormatOfTheLog(t *testing.T) {
	for format, want := range map[string]string{"text": `level=WARN msg="1234 log lines were dropped"`, "json": `"level":"WARN","msg":"1234 log lines were dropped"`} {
		out := &stuck{reads: make(chan struct{})}
		c := config.Config{LogFormat: format, LogLevel: "error"}
		log, lines := c.Logger(out, new(slog.LevelVar))
		log.Error("first")
		out.reads <- struct{}{} // the queue is empty
		flush(t, lines)
		log.Error("held by the write")
		testkit.Eventually(t, "the line is being written", func() bool { return lines.Waiting() == 0 })
		for range 4096 + 1234 {
			log.Error("x")
		}
		close(out.reads)
		flush(t, lines)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s: the log ends with %q", format, out.String()[max(0, out.Len()-400):])
		}
	}
}

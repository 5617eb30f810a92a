package config_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/config"
)

func TestTheLoggerKeepsToLevelAndFormat(t *testing.T) {
	var out bytes.Buffer
	c := config.Config{LogLevel: "warn", LogFormat: "json"}
	log := c.Logger(&out)
	log.Info("not this")
	log.Warn("but this")
	var line struct{ Msg string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Msg != "but this" {
		t.Errorf("logged %q, %v", out.String(), err)
	}

	out.Reset()
	c = config.Config{}
	log = c.Logger(&out)
	log.Debug("not this")
	log.Info("but this")
	if !strings.Contains(out.String(), `level=INFO msg="but this"`) || strings.Contains(out.String(), "not this") {
		t.Errorf("logged %q", out.String())
	}
}

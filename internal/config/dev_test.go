package config_test

import (
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/config"
)

func TestTheDemoPageIsForThisMachineAndTheDevelopmentKey(t *testing.T) {
	for name, src := range map[string]config.Sources{
		"flag": {Flags: map[string]string{"dev": "true"}},
		"env":  {Environ: env("PARLEY_DEV", "true")},
		"file": {File: file(t, `{"dev": true}`)},
	} {
		if c := load(t, src); !c.Dev {
			t.Errorf("%s: the page is off", name)
		}
	}
	for want, flags := range map[string]map[string]string{
		"--dev shows a page on http, which is off":              {"http": "off"},
		"--dev lets those who reach 0.0.0.0:1 log in as any":    {"http": "0.0.0.0:1", "insecure": "true"},
		"--dev logs users in with the development key":          {"auth-key": secret + secret},
		"--dev shows the traces of messages on its page: it do": {"otlp": "http://h:4318"},
		`--dev: "perhaps" is neither true nor false`:            {"dev": "perhaps"},
	} {
		if flags["dev"] == "" {
			flags["dev"] = "true"
		}
		if _, err := config.Load(config.Sources{Flags: flags}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", flags, err, want)
		}
	}
}

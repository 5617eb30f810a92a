package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/config"
)

const secret = "a secret shared by all nodes"

// env makes an environment of alternating names and values.
func env(pairs ...string) (environ []string) {
	for i := 0; i < len(pairs); i += 2 {
		environ = append(environ, pairs[i]+"="+pairs[i+1])
	}

	return environ
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}

	return path
}

func load(t *testing.T, src config.Sources) config.Config {
	t.Helper()
	c, err := config.Load(src)
	if err != nil {
		t.Fatal(err)
	}

	return c
}

func TestWithNoSourceTheNodeIsCompleteForDevelopment(t *testing.T) {
	c := load(t, config.Sources{})
	if c.TCP != "127.0.0.1:7200" || c.HTTP != "127.0.0.1:7000" || c.Heartbeat != 15*time.Second || c.LogLevel != "info" || c.LogFormat != "text" {
		t.Errorf("got %+v", c)
	}
	if c.Cluster != "" || c.MinMembers != 1 || c.NATS != "" || c.AuthKey != "" || c.TLSCert != "" || c.Insecure || c.DM != nil || c.Dive != nil || len(c.Join) != 0 {
		t.Errorf("got %+v", c)
	}
	if c.Node == "" {
		t.Error("the node has no name")
	}
}

func TestAFlagCountsMoreThanAVariableAndThatMoreThanTheFile(t *testing.T) {
	path := file(t, `{"node":"of-file","log_level":"debug","tcp":"127.0.0.1:1","http":"127.0.0.1:1"}`)
	c := load(t, config.Sources{
		File:    path,
		Environ: env("PARLEY_NODE", "of-env", "PARLEY_TCP", "127.0.0.1:2", "PARLEY_HTTP", "127.0.0.1:2"),
		Flags:   map[string]string{"node": "of-flag", "http": "127.0.0.1:3"},
	})
	if c.Node != "of-flag" || c.HTTP != "127.0.0.1:3" || c.TCP != "127.0.0.1:2" || c.LogLevel != "debug" || c.LogFormat != "text" {
		t.Errorf("got %+v", c)
	}
}

func TestEverySettingHasItsThreeForms(t *testing.T) {
	path := file(t, `{
		"node": "n1", "tcp": "off", "http": ":0", "cluster": "127.0.0.1:7300", "advertise": "10.0.0.1:7300", "min_members": 2, "nats": "nats://h:4222", "pprof": "127.0.0.1:7500", "join": ["127.0.0.1:7301", "127.0.0.1:7302"],
		"admin": "127.0.0.1:7600", "admin_key": "an-admin-key-of-tests", "admin_hosts": ["parley.internal", "n1"], "drain": "5s", "grace": "7s",
		"hook_url": "https://h/x", "hook_secret": "a-hook-secret-of-tests", "hook_timeout": "2s", "hook_failure": "allow",
		"otlp": "http://h:4318", "trace_ratio": 0.25, "dev": false,
		"cluster_secret": "`+secret+`", "auth_key": "file:key.pem", "tls_cert": "c.pem", "tls_key": "k.pem", "insecure": true,
		"auth_keys": ["file:old.pem", "jwks:k.json"], "auth_leeway": "0s", "auth_issuer": "i", "auth_audience": ["a", "b"], "token_grace": "1m",
		"origin": ["https://app.example", "*"], "trusted_proxies": ["10.0.0.1", "fd00::/8"], "max_pending": 0, "address_pending": 1, "address_open": 2,
		"address_logins": 3, "user_logins": 4, "rate_messages": 5, "rate_bytes": 6, "queue_memory": 7,
		"heartbeat": "1s", "log_level": "warn", "log_format": "json", "dm": {"reliableTimeout": "1s"}, "dive": {}
	}`)
	fromFile := load(t, config.Sources{File: path})
	written := map[string]string{
		"admin": "127.0.0.1:7600", "admin_key": "an-admin-key-of-tests", "admin_hosts": "parley.internal,n1", "drain": "5s", "grace": "7s",
		"hook_url": "https://h/x", "hook_secret": "a-hook-secret-of-tests", "hook_timeout": "2s", "hook_failure": "allow",
		"otlp": "http://h:4318", "trace_ratio": "0.25", "dev": "false",
		"node": "n1", "tcp": "off", "http": ":0", "cluster": "127.0.0.1:7300", "pprof": "127.0.0.1:7500", "join": "127.0.0.1:7301, 127.0.0.1:7302",
		"cluster_secret": secret, "auth_key": "file:key.pem", "tls_cert": "c.pem", "tls_key": "k.pem", "insecure": "true",
		"auth_keys": "file:old.pem,jwks:k.json", "auth_leeway": "0s", "auth_issuer": "i", "auth_audience": "a, b", "token_grace": "1m",
		"origin": "https://app.example,*", "trusted_proxies": "10.0.0.1, fd00::/8", "max_pending": "0", "address_pending": "1", "address_open": "2",
		"address_logins": "3", "user_logins": "4", "rate_messages": "5", "rate_bytes": "6", "queue_memory": "7",
		"heartbeat": "1s", "log_level": "warn", "log_format": "json", "advertise": "10.0.0.1:7300", "min_members": "2", "nats": "nats://h:4222",
	}
	flags, vars := map[string]string{}, []string{}
	for _, s := range config.Settings() {
		if text, ok := written[s.Name]; ok {
			flags[s.Flag()] = text
			vars = append(vars, s.Env(), text)
		} else if s.Kind != config.Object && s.Name != "core" && s.Name != "core_nodes" { // they exclude nats: see core_test.go
			t.Errorf("the setting %s is not tested", s.Name)
		}
	}
	for name, c := range map[string]config.Config{"flags": load(t, config.Sources{Flags: flags}), "env": load(t, config.Sources{Environ: env(vars...)})} {
		want := fromFile
		want.Origins, want.Exposed, want.DM, want.Dive = c.Origins, c.Exposed, nil, nil
		if !reflect.DeepEqual(c, want) {
			t.Errorf("%s: got\n %+v, want\n %+v", name, c, want)
		}
	}
	if fromFile.AuthLeeway != config.None || fromFile.MaxPending != -1 || fromFile.TokenGrace != time.Minute || fromFile.TraceRatio != 0.25 || len(fromFile.Proxies()) != 2 {
		t.Errorf("got %+v", fromFile)
	}
	if !slices.Equal(fromFile.Join, []string{"127.0.0.1:7301", "127.0.0.1:7302"}) || string(fromFile.Dive) == "" || !strings.Contains(string(fromFile.DM), "1s") {
		t.Errorf("got %+v", fromFile)
	}
}

func TestAFileMayBeNamedByAVariable(t *testing.T) {
	path := file(t, `{"node":"of-file"}`)
	if c := load(t, config.Sources{Environ: env("PARLEY_CONFIG", path)}); c.Node != "of-file" {
		t.Errorf("got %+v", c)
	}
}

func TestAnEmptyVariableCountsAsNotSet(t *testing.T) {
	if c := load(t, config.Sources{Environ: env("PARLEY_TCP", "", "PARLEY_CONFIG", "")}); c.TCP != "127.0.0.1:7200" {
		t.Errorf("got %+v", c)
	}
}

func TestOffClosesAListener(t *testing.T) {
	c := load(t, config.Sources{Flags: map[string]string{"tcp": "off", "cluster": "off"}})
	if c.TCP != config.Off || c.Cluster != "" {
		t.Errorf("got %+v", c)
	}
}

func FuzzLoadNeverPanicsAndItsErrorsAreOneLine(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"tcp":"0.0.0.0:1"}`, `{"join":["a:1"],"cluster":":0","cluster_secret":"0123456789abcdef"}`, `{"nats":"nats://u:p@h"}`,
		"{\"node\":\"a\\nb\"}", `{"heartbeat":"1ns"}`, `{"insecure":1}`, `{"dm":[]}`, `{"auth_key":null}`, `{"tcp":"[::1%lo]:1"}`,
		`{"mesh":"off"}`, `{"cluster_secret":"file:/"}`, `{"min_members":0}`, "PARLEY_\n=1", "PARLEY_PORT=tcp://h",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "c.json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Sources{File: path, Environ: []string{string(data)}})
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("error has several lines: %q", err)
			}

			return
		}
		if c.Node == "" || c.TCP == "" || c.HTTP == "" || c.Heartbeat <= 0 {
			t.Fatalf("taken, but not complete: %+v", c)
		}
		if again, err := config.Complete(c); err != nil || again.Node != c.Node {
			t.Fatalf("what Load has made does not pass again: %v", err)
		}
	})
}

package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestTheGoClientConforms(t *testing.T) {
	t.Setenv(asAdapter, "go")
	var out bytes.Buffer
	err := suite(t.Context(), &out, []string{os.Args[0]}, options{parallel: 4})
	t.Log(out.String())
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{"ok    parley-go tcp messages", "ok    parley-go ws  messages", "skip  parley-go ws  offline_order: needs queue"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

func TestAClientThatDiffersFromAScriptFails(t *testing.T) {
	t.Setenv(asAdapter, "go")
	for text, want := range map[string]string{
		"nodes 1\nconnect amy n1\n----\non n2":                                                   "--- got\non n1\n--- want\non n2",
		"nodes 1\nconnect amy n1\nsend amy bob x":                                                "--- got\non n1\nerror 5004",
		"nodes 1\nconnect amy n1\nconnect bob n1\nsend amy bob x\n----\non n1\non n1\ndelivered": "bob has heard what the script does not know of: amy: x",
		"connect amy n1": "there is no node or proxy n1",
		"nodes 1\nsend amy bob x\n----\ndelivered": "failed",
		"dance":             "unknown command dance",
		"nodes many":        "want N [heartbeat=MS]",
		"result r":          "no command was started as r",
		"cut p":             "the first word is to be a proxy",
		"send amy":          "want CLIENT PEER [DATA]",
		"request amy 2 x":   "want CLIENT VER.CMD [DATA]",
		"send a b hex:zz":   "invalid byte",
		"send wait=a a b c": "want milliseconds",
		"nodes 1\nproxy p n1\ninject p nonsense x": "want PROXY goodbye CODE",
	} {
		s, err := parseScript("test", text)
		if err != nil {
			t.Fatal(err)
		}
		err = play(t.Context(), []string{os.Args[0]}, s, "ws")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestAnAdapterThatIsNoneIsToldWhatIsWanted(t *testing.T) {
	for line, want := range map[string]string{
		"hello":                                 "the adapter's line hello",
		"{}":                                    `want {"adapter":NAME`,
		`{"adapter":"x"}`:                       `want {"adapter":NAME`,
		`{"adaptor":"x"}`:                       `unknown field "adaptor"`,
		`{"adapter":"x","transports":["quic"]}`: `transport "quic" is none`,
	} {
		t.Setenv(asAdapter, line)
		err := suite(t.Context(), &bytes.Buffer{}, []string{os.Args[0]}, options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
	err := suite(t.Context(), &bytes.Buffer{}, []string{"/no/such/program"}, options{})
	if err == nil || !strings.Contains(err.Error(), "start the adapter") {
		t.Error(err)
	}
}

func TestAdaptersThatBreakTheirLinesAreFound(t *testing.T) {
	s, err := parseScript("test", "nodes 1\nconnect amy n1")
	if err != nil {
		t.Fatal(err)
	}
	first := `{"adapter":"x","transports":["ws"]}` + "\n"
	for line, want := range map[string]string{
		"nonsense":                  "the adapter's line nonsense",
		`{"id":7}`:                  "the adapter has ended",
		`{"id":1,"nod":"n1"}`:       `unknown field "nod"`,
		`{"event":"message","a":1}`: `unknown field "a"`,
	} {
		t.Setenv(asAdapter, first+line)
		err := play(t.Context(), []string{os.Args[0]}, s, "ws")
		if err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "does not read") {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

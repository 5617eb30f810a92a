package config_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/config"
)

var update = flag.Bool("update", false, "write the table of settings into docs/configuration.md")

const (
	page  = "../../docs/configuration.md"
	begin = "<!-- settings: made from internal/config, `go test ./internal/config -update` -->\n"
	end   = "<!-- end of settings -->\n"
)

func TestTheManualShowsTheTableOfSettings(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(data), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", page)
	}
	want := head + begin + table() + end + tail
	if want == string(data) {
		return
	}
	if !*update {
		t.Fatalf("%s is not up to date: run go test ./internal/config -update", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func table() string {
	var b strings.Builder
	b.WriteString("| flag | variable | in a file | meaning | default |\n|---|---|---|---|---|\n")
	for _, s := range config.Settings() {
		flagName, variable := fmt.Sprintf("`--%s %s`", s.Flag(), s.Value), "`"+s.Env()+"`"
		shape := "string"
		switch s.Kind {
		case config.Switch:
			flagName, shape = fmt.Sprintf("`--%s`", s.Flag()), "true or false"
		case config.List:
			shape = "array of strings"
		case config.Number, config.Fraction:
			shape = "number"
		case config.Object:
			flagName, variable, shape = "", "", "object"
		case config.Text:
		}
		preset := ""
		if s.Default != "" {
			preset = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | `%q`: %s | %s | %s |\n", flagName, variable, s.Name, shape, s.Help, preset)
	}

	return b.String()
}

func TestEveryRowOfTheTableExplainsItself(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		if s.Name == "" || s.Help == "" || seen[s.Name] {
			t.Errorf("row %+v", s.Name)
		}
		seen[s.Name] = true
		if (s.Kind == config.Text || s.Kind == config.List || s.Kind == config.Number || s.Kind == config.Fraction) && s.Value == "" {
			t.Errorf("%s says nothing of its value", s.Name)
		}
	}
}

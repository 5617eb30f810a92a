package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/parley-dm/parley/internal/testkit"
)

var update = flag.Bool("update", false, "write docs/cli.md")

const (
	cliPage = "../../docs/cli.md"
	cliHead = "# Command line\n\n" +
		"Every command of the binary, with all of its flags: the text that `parley help COMMAND` prints. A test compares this page with the binary;\n" +
		"`go test ./cmd/parley -run CommandLine -update` writes it. The flags of `parley serve` have variables and keys of a file beside them:\n" +
		"[configuration.md](configuration.md).\n\n" +
		"All commands end with status 0 if they did what was asked, and 1 after a mistake, which is one line on standard error. Where another status\n" +
		"exists, the help of the command says so.\n"
)

// cliReference is the page that lists all commands.
func cliReference(t *testing.T) string {
	t.Helper()
	var c commands
	c.Serve.Plugins = settingsFlags()
	parser, err := kong.New(&c, kong.Name("parley"), kong.Vars{"version": ""})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(cliHead)
	for _, leaf := range parser.Model.Leaves(true) {
		name := strings.TrimPrefix(leaf.FullPath(), "parley ")
		status, help, errs := command(t, "", append(strings.Fields(name), "--help")...)
		if status != 0 || errs != "" {
			t.Fatalf("parley %s --help: status %d, %s", name, status, errs)
		}
		var lines []string
		for line := range strings.Lines(help) {
			lines = append(lines, strings.TrimRight(line, " \n"))
		}
		fmt.Fprintf(&b, "\n## parley %s\n\n```\n%s\n```\n", name, strings.TrimSpace(strings.Join(lines, "\n")))
	}

	return b.String()
}

func TestTheCommandLineIsThatOfItsDocument(t *testing.T) {
	testkit.Home(t)
	t.Setenv("COLUMNS", "80") // the width of help
	want := cliReference(t)
	if *update {
		if err := os.WriteFile(cliPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(cliPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not up to date: run go test ./cmd/parley -run CommandLine -update", cliPage)
	}
}

package main

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

//go:embed scripts/*.txt
var scriptFiles embed.FS

// separator stands between commands and what they are to print.
const separator = "----"

// script is one file of exchanges.
type script struct {
	name   string
	needs  []string // features of the client
	blocks []block
}

// block is commands and what they print.
type block struct {
	line     int // of the first command
	commands []string
	want     []string
}

// readScripts reads all scripts, by name.
func readScripts() ([]script, error) {
	names, err := fs.Glob(scriptFiles, "scripts/*.txt")
	if err != nil {
		return nil, err
	}
	var all []script
	for _, name := range names {
		text, err := scriptFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		s, err := parseScript(strings.TrimSuffix(path.Base(name), ".txt"), string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}

	return all, nil
}

// parseScript reads blocks with an empty line between them. A block without output is commands
// alone. Lines that begin with # are comments.
func parseScript(name, text string) (script, error) {
	s := script{name: name}
	var b block
	want := false
	end := func() {
		if len(b.commands) > 0 {
			s.blocks = append(s.blocks, b)
		}
		b, want = block{}, false
	}
	for i, line := range strings.Split(text, "\n") {
		switch needs, isNeeds := strings.CutPrefix(line, "needs "); {
		case line == "":
			end()
		case strings.HasPrefix(line, "#"):
		case isNeeds:
			s.needs = append(s.needs, strings.Fields(needs)...)
		case line == separator && len(b.commands) > 0 && !want:
			want = true
		case want:
			b.want = append(b.want, line)
		case strings.HasPrefix(line, separator):
			return script{}, fmt.Errorf("%s.txt:%d: %s has no command above it", name, i+1, separator)
		default:
			if len(b.commands) == 0 {
				b.line = i + 1
			}
			b.commands = append(b.commands, line)
		}
	}
	end()
	for _, need := range s.needs {
		if !slices.Contains([]string{adapter.FeatureQueue, adapter.FeatureFreshToken, adapter.TransportTCP, adapter.TransportWS}, need) {
			return script{}, fmt.Errorf("%s.txt: needs %s: there is no such feature or transport", name, need)
		}
	}
	if len(s.blocks) == 0 {
		return script{}, fmt.Errorf("%s.txt has no commands", name)
	}

	return s, nil
}

// lacks names a feature that the script needs and the client has not, "" if there is none.
func (s script) lacks(hello adapter.Hello, transport string) string {
	for _, need := range s.needs {
		if need != transport && !slices.Contains(hello.Features, need) {
			return need
		}
	}

	return ""
}

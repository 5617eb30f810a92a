package book

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/parley-dm/parley/internal/config"
)

// Project is what documents speak of.
type Project struct {
	root        string
	files       map[string]bool            // paths with slashes, folders included
	bases       map[string]bool            // last parts of the paths
	commands    map[string]map[string]bool // flags of "serve", "admin users" …
	variables   map[string]bool            // PARLEY_…
	codes       map[string]string          // "4001" → CodeMalformed
	goodbyes    map[string]string          // "2002" → GoodbyeReplaced
	identifiers map[string]*names          // by package name
	metrics     map[string]bool
	targets     map[string]bool // of the Makefile
	tests       []string        // names of test functions
	routes      map[string]bool // "GET /v1/users/{id}"
}

// Load reads the facts from the repository at root.
func Load(root string) (*Project, error) {
	p := &Project{root: root}
	steps := []func() error{p.loadFiles, p.loadCommands, p.loadVariables, p.loadCodes, p.loadIdentifiers, p.loadMetrics, p.loadTargets, p.loadRoutes}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}

	return p, nil
}

// Root finds the root of the repository above the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working directory")
		}
	}
}

func (p *Project) read(name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(p.root, filepath.FromSlash(name)))

	return string(data), err
}

// builtFolders are made by the build: a document may name what is in them, and it need not be
// there.
var builtFolders = map[string]bool{"bin": true, "dist": true, "node_modules": true, "build": true}

var testFunction = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// loadFiles lists the files and the names of tests.
func (p *Project) loadFiles() error {
	p.files, p.bases = map[string]bool{".": true}, map[string]bool{}

	return filepath.WalkDir(p.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == p.root {
			return err
		}
		name, err := filepath.Rel(p.root, path)
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || builtFolders[d.Name()]) {
			return filepath.SkipDir
		}
		p.files[filepath.ToSlash(name)], p.bases[d.Name()] = true, true
		if !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := p.read(name)
		for _, m := range testFunction.FindAllStringSubmatch(text, -1) {
			p.tests = append(p.tests, m[1])
		}

		return err
	})
}

var (
	longFlag  = regexp.MustCompile(`^--([a-z][a-z0-9-]*)`)
	inHelp    = regexp.MustCompile(`^ +(?:-\w, +)?--(?:\[(no-)\])?([a-z][a-z0-9-]*)`)
	ofHelp    = regexp.MustCompile(`\$(PARLEY_[A-Z0-9_]+)`)
	tableName = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")
)

// cliPage is held to the binary's help by a test of cmd/parley.
const cliPage = "docs/cli.md"

// loadCommands reads the commands and their flags.
func (p *Project) loadCommands() error {
	text, err := p.read(cliPage)
	p.commands, p.variables = map[string]map[string]bool{}, map[string]bool{}
	for section := range strings.SplitSeq(text, "\n## parley ") {
		name, help, _ := strings.Cut(section, "\n")
		if strings.HasPrefix(name, "#") {
			continue // the head of the page
		}
		flags := map[string]bool{}
		for line := range strings.Lines(help) {
			if m := inHelp.FindStringSubmatch(line); m != nil {
				flags[m[2]] = true
				flags[m[1]+m[2]] = true // --[no-]x is --x and --no-x
			}
		}
		p.commands[name] = flags
		for _, m := range ofHelp.FindAllStringSubmatch(help, -1) {
			p.variables[m[1]] = true
		}
	}
	if err == nil && len(p.commands) == 0 {
		err = fmt.Errorf("%s has no commands", cliPage)
	}

	return err
}

// loadVariables adds the settings to the variables that the help names.
func (p *Project) loadVariables() error {
	for _, s := range config.Settings() {
		p.variables[s.Env()] = true
	}
	p.variables["PARLEY_CONFIG"] = true     // the name of the file of settings
	p.variables["PARLEY_CHAOS_SEED"] = true // of the chaos test

	return nil
}

// metricsPage is held to /metrics by a test of the root package.
const metricsPage = "docs/metrics.md"

func (p *Project) loadMetrics() error {
	text, err := p.read(metricsPage)
	p.metrics = map[string]bool{"parley_rate_messages": true, "parley_rate_bytes": true} // claims of a token
	for _, m := range tableName.FindAllStringSubmatch(text, -1) {
		p.metrics[m[1]] = true
	}

	return err
}

var target = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)

func (p *Project) loadTargets() error {
	text, err := p.read("Makefile")
	p.targets = map[string]bool{}
	for _, m := range target.FindAllStringSubmatch(text, -1) {
		p.targets[m[1]] = true
	}

	return err
}

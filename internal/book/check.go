package book

import (
	"fmt"
	"strings"
)

// check looks at one line of a page and tells what is not true.
type check func(p *Project, page *Page, l *Line) []string

// checks of a document that describes the project as it is.
var checks = []check{
	checkSpans,       // backquotes in pairs, or what is between them would not be checked
	checkLinks,       // relative links, with the anchor behind #
	checkPaths,       // files and folders of the repository
	checkFlags,       // --flag alone
	checkVariables,   // PARLEY_…
	checkCodes,       // codes of errors and goodbyes
	checkIdentifiers, // dm.X, parley.X, user.X, client.X, dive.X, wire.X
	checkMetrics,     // parley_…
	checkTests,       // TestX
	checkTargets,     // make x
	checkRoutes,      // GET /v1/…
}

// Check returns what is not true in a page, one line each, with the page's name and the line's
// number.
func (p *Project) Check(page *Page) []string {
	var wrong []string
	for i := range page.Lines {
		l := &page.Lines[i]
		for _, c := range checks {
			for _, problem := range c(p, page, l) {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s", page.Name, l.Number, problem))
			}
		}
		for _, s := range l.Spans {
			if strings.HasPrefix(s, "parley ") || strings.HasPrefix(s, "bin/parley ") {
				wrong = append(wrong, p.checkShell(page, l.Number, s)...)
			}
		}
	}
	for _, l := range page.shellLines() {
		wrong = append(wrong, p.checkShell(page, l.Number, l.Text)...)
	}

	return wrong
}

// CheckLinks is Check for links only: a document about the past names what is gone.
func (p *Project) CheckLinks(page *Page) []string {
	var wrong []string
	for i := range page.Lines {
		for _, problem := range checkLinks(p, page, &page.Lines[i]) {
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s", page.Name, page.Lines[i].Number, problem))
		}
	}

	return wrong
}

// checkShell checks the commands of parley in a line of a shell.
func (p *Project) checkShell(page *Page, number int, line string) []string {
	var wrong []string
	for _, words := range commandsIn(line) {
		for _, problem := range p.checkCommand(words) {
			wrong = append(wrong, fmt.Sprintf("%s:%d: %s", page.Name, number, problem))
		}
	}

	return wrong
}

// checkCommand checks the subcommand and the flags, if the words are a command of parley.
func (p *Project) checkCommand(words []string) []string {
	switch {
	case words[0] == "parley", strings.HasSuffix(words[0], "/parley"):
		words = words[1:]
	case len(words) > 2 && words[0] == "go" && words[1] == "run" && words[2] == "./cmd/parley":
		words = words[3:]
	default:
		return nil
	}
	if len(words) == 0 || strings.HasPrefix(words[0], "--") {
		return nil // parley --help
	}
	name, flags := words[0], p.commands[words[0]]
	if len(words) > 1 && flags == nil {
		name += " " + words[1]
		flags = p.commands[name]
	}
	if flags == nil {
		if p.isGroup(words) {
			return nil
		}

		return []string{fmt.Sprintf("parley %s is no command: see %s", name, cliPage)}
	}
	var wrong []string
	for _, w := range words {
		if m := longFlag.FindStringSubmatch(w); len(m) > 1 && !flags[m[1]] {
			wrong = append(wrong, fmt.Sprintf("parley %s has no flag --%s", name, m[1]))
		}
	}

	return wrong
}

// isGroup reports whether the words name a group of commands, such as "admin", alone or with a
// placeholder or flag behind it.
func (p *Project) isGroup(words []string) bool {
	if len(words) > 1 && words[1] != "…" && words[1] != "..." && !strings.HasPrefix(words[1], "-") {
		return false
	}
	for name := range p.commands {
		if strings.HasPrefix(name, words[0]+" ") {
			return true
		}
	}

	return false
}

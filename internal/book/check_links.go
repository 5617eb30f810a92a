package book

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

var link = regexp.MustCompile(`\]\(([^)\s]*)\)`)

func checkLinks(p *Project, page *Page, l *Line) []string {
	var wrong []string
	for _, m := range link.FindAllStringSubmatch(l.Prose, -1) {
		to := m[1]
		if strings.Contains(to, "://") || strings.HasPrefix(to, "mailto:") {
			continue
		}
		file, anchor, hasAnchor := strings.Cut(to, "#")
		name := page.Name
		if file != "" {
			name = path.Join(path.Dir(page.Name), file)
		}
		switch {
		case name != page.Name && !p.files[name]:
			wrong = append(wrong, fmt.Sprintf("the link %s leads to no file", to))
		case hasAnchor && !p.hasAnchor(page, name, anchor):
			wrong = append(wrong, fmt.Sprintf("the link %s names a heading that %s has not", to, name))
		}
	}

	return wrong
}

func (p *Project) hasAnchor(page *Page, name, anchor string) bool {
	if name == page.Name {
		return page.Anchors[anchor]
	}
	if path.Ext(name) != ".md" {
		return false
	}
	text, err := p.read(name)

	return err == nil && Parse(name, text).Anchors[anchor]
}

var (
	pathLike = regexp.MustCompile(`^(?:\./)?[\w.][\w.-]*(?:/[\w.-]+)*/?$`)
	fileName = regexp.MustCompile(`^[\w.-]+\.(?:md|go|yaml|mod|sum)$`)
)

// checkPaths checks paths that begin with a folder of the repository's root, or of the page's own
// folder, and names of files.
func checkPaths(p *Project, page *Page, l *Line) []string {
	var wrong []string
	for _, code := range l.code() {
		for word := range strings.FieldsSeq(code) {
			word = strings.TrimRight(strings.Trim(word, `"',;()`), ".:,")
			if !pathLike.MatchString(word) {
				continue
			}
			name := path.Clean(word)
			first, _, below := strings.Cut(name, "/")
			switch {
			case p.files[name], p.files[path.Join(path.Dir(page.Name), name)], builtFolders[first]:
			case below && p.files[first] && first != ".", !l.Code && fileName.MatchString(word) && !p.bases[name]:
				wrong = append(wrong, "there is no file "+word)
			}
		}
	}

	return wrong
}

var makeTarget = regexp.MustCompile(`(?:^|&& |; )make ([a-z][a-z-]*)`)

func checkTargets(p *Project, _ *Page, l *Line) []string {
	var wrong []string
	for _, code := range l.code() {
		for _, m := range makeTarget.FindAllStringSubmatch(code, -1) {
			if !p.targets[m[1]] {
				wrong = append(wrong, "the Makefile has no target "+m[1])
			}
		}
	}

	return wrong
}

var testName = regexp.MustCompile(`^(Test[A-Z]\w*)(…?)$`)

// checkTests checks names of tests; … at the end stands for the rest of a name.
func checkTests(p *Project, _ *Page, l *Line) []string {
	var wrong []string
	for _, s := range l.Spans {
		m := testName.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		if !slices.ContainsFunc(p.tests, func(t string) bool { return t == m[1] || m[2] != "" && strings.HasPrefix(t, m[1]) }) {
			wrong = append(wrong, "there is no test "+s)
		}
	}

	return wrong
}

package book

import (
	"fmt"
	"regexp"
	"strings"
)

func checkSpans(_ *Project, _ *Page, l *Line) []string {
	if l.Code || strings.HasPrefix(strings.TrimSpace(l.Text), "```") || strings.Count(l.Text, "`")%2 == 0 {
		return nil
	}

	return []string{"backquotes do not come in pairs: keep what is between them on one line"}
}

// lone is a flag that stands alone in backquotes, perhaps with its value.
var lone = regexp.MustCompile(`^--([a-z][a-z0-9-]*)(?:[ =].*)?$`)

// checkFlags checks flags in backquotes. Those behind the name of a program are checked with it, or
// are of another program.
func checkFlags(p *Project, _ *Page, l *Line) []string {
	var wrong []string
	for _, s := range l.Spans {
		m := lone.FindStringSubmatch(s)
		if len(m) < 2 || m[1] == "help" {
			continue
		}
		known := false
		for _, flags := range p.commands {
			known = known || flags[m[1]]
		}
		if !known {
			wrong = append(wrong, "no command of parley has the flag --"+m[1])
		}
	}

	return wrong
}

var variable = regexp.MustCompile(`PARLEY_[A-Z0-9_]*[A-Z0-9]\b`)

// families are variables that a platform or a test makes.
var families = []string{"PARLEY_TEST_", "PARLEY_SERVICE_", "PARLEY_PORT_"}

func checkVariables(p *Project, _ *Page, l *Line) []string {
	var wrong []string
	for _, name := range variable.FindAllString(l.Text, -1) {
		known := p.variables[name]
		for _, f := range families {
			known = known || strings.HasPrefix(name+"_", f)
		}
		if !known {
			wrong = append(wrong, "there is no variable "+name)
		}
	}

	return wrong
}

var (
	// saidCode is a number that is said to be a code.
	saidCode    = regexp.MustCompile(`(?i)\bcodes? (\d{4})\b`)
	saidGoodbye = regexp.MustCompile(`(?i)\bgoodbyes?(?: with| code| of)? (\d{4})\b`)
	// looksLikeCode is a number beside those that exist: the first hundred of each range for
	// errors, twenty for goodbyes. Sizes (1024, 4096, 2048) and years lie outside.
	looksLikeCode = regexp.MustCompile(`(?:^|[^\d.,:/-])((?:4|5)0(?:0[1-9]|[1-8]\d)|(?:1|2)00[1-9]|(?:1|2)01\d)(?:$|[^\d.,:%-]|[.,:](?:\D|$))`)
	// unit behind a number says that it counts something.
	unit = regexp.MustCompile(`^ ?(?:ms|µs|s|B|KB|MB|bytes|users|messages|nodes|clients|to 1999)\b`)
)

// checkCodes checks the codes of errors and goodbyes, in prose and tables.
func checkCodes(p *Project, _ *Page, l *Line) []string {
	if l.Code {
		return nil
	}
	var wrong []string
	for _, m := range saidCode.FindAllStringSubmatch(l.Text, -1) {
		if p.codes[m[1]] == "" && p.goodbyes[m[1]] == "" {
			wrong = append(wrong, "there is no code "+m[1])
		}
	}
	for _, m := range saidGoodbye.FindAllStringSubmatchIndex(l.Text, -1) {
		code := l.Text[m[2]:m[3]]
		if p.goodbyes[code] == "" && !strings.HasPrefix(l.Text[m[3]:], " to ") {
			wrong = append(wrong, "there is no goodbye "+code)
		}
	}
	for _, m := range looksLikeCode.FindAllStringSubmatchIndex(l.Text, -1) {
		code := l.Text[m[2]:m[3]]
		if p.codes[code] == "" && p.goodbyes[code] == "" && !unit.MatchString(l.Text[m[3]:]) {
			wrong = append(wrong, code+" is neither a code nor a goodbye")
		}
	}

	return wrong
}

var identifier = regexp.MustCompile(`(?:^|[^\w./"-])(dm|parley|user|client|dive|wire)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)

// checkIdentifiers checks Go names. Under the heading "Has no counterpart" stand those of another
// engine.
func checkIdentifiers(p *Project, _ *Page, l *Line) []string {
	if l.Code && l.Lang != "go" || l.Under == "Has no counterpart" {
		return nil
	}
	var wrong []string
	for _, code := range l.code() {
		for _, m := range identifier.FindAllStringSubmatch(code, -1) {
			if !p.identifiers[m[1]].has(m[2], m[3]) {
				wrong = append(wrong, "there is no "+strings.TrimRight(m[1]+"."+m[2]+"."+m[3], "."))
			}
		}
	}

	return wrong
}

var metric = regexp.MustCompile(`\bparley_[a-z0-9_]*[a-z0-9]\b`)

// checkMetrics checks names of metrics; a beginning of a name, as grep takes it, counts too.
func checkMetrics(p *Project, page *Page, l *Line) []string {
	if page.Name == metricsPage {
		return nil
	}
	var wrong []string
	for _, code := range l.code() {
		for _, at := range metric.FindAllStringIndex(code, -1) {
			name := code[at[0]:at[1]]
			if !p.knowsMetric(name, strings.HasPrefix(code[at[1]:], "_")) {
				wrong = append(wrong, "there is no metric "+name)
			}
		}
	}

	return wrong
}

func (p *Project) knowsMetric(name string, begins bool) bool {
	for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
		if base, ok := strings.CutSuffix(name, suffix); ok && p.metrics[base] {
			return true
		}
	}
	for known := range p.metrics {
		if begins && strings.HasPrefix(known, name) {
			return true
		}
	}

	return false
}

var (
	route     = regexp.MustCompile(`\b(GET|POST|PUT|DELETE) (/v1/[^\s?"'` + "`" + `]+)`)
	routeUser = regexp.MustCompile(`^/v1/users/[^/]+$`)
)

func checkRoutes(p *Project, _ *Page, l *Line) []string {
	var wrong []string
	for _, m := range route.FindAllStringSubmatch(l.Text, -1) {
		to := m[2]
		if routeUser.MatchString(to) {
			to = "/v1/users/{id}"
		}
		if to != "/v1/…" && !p.routes[m[1]+" "+to] {
			wrong = append(wrong, fmt.Sprintf("the API has no %s %s", m[1], m[2]))
		}
	}

	return wrong
}

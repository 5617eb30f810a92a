package book

import (
	"regexp"
	"strings"
	"unicode"
)

// Page is a document, parsed as far as the checks need it.
type Page struct {
	Name    string // path from the root of the repository, with slashes
	Lines   []Line
	Anchors map[string]bool // what a link may name behind its #
}

// Line is one line of a page.
type Line struct {
	Number int
	Text   string
	Code   bool   // inside a block of code
	Lang   string // of that block; "" if it names none
	Spans  []string
	Prose  string // Text without its spans; empty in a block of code
	Under  string // the heading above
}

var (
	span    = regexp.MustCompile("`+([^`]+)`+")
	heading = regexp.MustCompile(`^#{1,6} +(.+?) *#*$`)
	linked  = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
)

// Parse reads a page.
func Parse(name, text string) *Page {
	p := &Page{Name: name, Anchors: map[string]bool{}}
	fence, lang, under := "", "", ""
	for i, text := range strings.Split(text, "\n") {
		l := Line{Number: i + 1, Text: text, Under: under}
		trimmed := strings.TrimSpace(text)
		switch {
		case fence != "" && strings.HasPrefix(trimmed, fence):
			fence = ""
		case fence != "":
			l.Code, l.Lang = true, lang
		case strings.HasPrefix(trimmed, "```"):
			fence = "```"
			lang = strings.TrimSpace(strings.TrimLeft(trimmed, "`"))
		default:
			for _, s := range span.FindAllStringSubmatch(text, -1) {
				l.Spans = append(l.Spans, s[1])
			}
			l.Prose = span.ReplaceAllString(text, "``")
			if h := heading.FindStringSubmatch(text); h != nil {
				p.anchor(h[1])
				under = h[1]
			}
		}
		p.Lines = append(p.Lines, l)
	}

	return p
}

// anchor adds the anchor of a heading, as hosts of repositories make it: lower case, letters,
// digits, dashes and underscores, a dash for each space, and a number if there is one already.
func (p *Page) anchor(heading string) {
	var b strings.Builder
	for _, r := range strings.ToLower(linked.ReplaceAllString(heading, "$1")) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	name := b.String()
	for n := 1; p.Anchors[name]; n++ {
		name = b.String() + "-" + string(rune('0'+n))
	}
	p.Anchors[name] = true
}

// code is what of a line is code: its spans, or all of it.
func (l *Line) code() []string {
	if l.Code {
		return []string{l.Text}
	}

	return l.Spans
}

package book

import "strings"

// commandsIn splits a line of a shell into commands, each a list of words. Quotes are taken away,
// comments and assignments before a command are left out.
func commandsIn(line string) [][]string {
	var all [][]string
	var words []string
	var word strings.Builder
	begun, quote := false, rune(0)
	endWord := func() {
		if begun {
			words = append(words, word.String())
		}
		word.Reset()
		begun = false
	}
	endCommand := func() {
		endWord()
		if words = withoutAssignments(words); len(words) > 0 {
			all = append(all, words)
		}
		words = nil
	}
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, begun = r, true
		case r == ' ' || r == '\t':
			endWord()
		case r == '#' && !begun:
			endCommand()

			return all
		case r == '|' || r == ';' || r == '&' || r == '(' || r == ')':
			endCommand()
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	endCommand()

	return all
}

// withoutAssignments drops what stands before the program: NAME=value, and programs that run
// another one.
func withoutAssignments(words []string) []string {
	for len(words) > 0 {
		name, _, assigned := strings.Cut(words[0], "=")
		switch {
		case assigned && name != "" && strings.ToUpper(name) == name, words[0] == "$", words[0] == "exec", words[0] == "sudo", words[0] == "do":
			words = words[1:]
		default:
			return words
		}
	}

	return words
}

// shellLines are the lines of a page's blocks for a shell, with those that a backslash continues
// joined. The number is that of the first line. A block without a language counts if the line
// begins with the prompt.
func (p *Page) shellLines() []Line {
	var all []Line
	open := false
	for _, l := range p.Lines {
		shell := l.Code && (l.Lang == "sh" || l.Lang == "bash" || l.Lang == "" && (strings.HasPrefix(l.Text, "$ ") || strings.HasPrefix(l.Text, "parley ")))
		switch {
		case open && l.Code:
			last := &all[len(all)-1]
			last.Text += " " + l.Text
		case shell:
			all = append(all, l)
		default:
			open = false

			continue
		}
		last := &all[len(all)-1]
		last.Text, open = strings.CutSuffix(strings.TrimRight(last.Text, " "), "\\")
	}

	return all
}

package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Readable makes text that a terminal can show of a message: line feeds stay, tabs become spaces,
// other characters that are not visible become replacement characters, and bytes that are no text
// are shown as such.
func Readable(msg []byte) string {
	if !utf8.Valid(msg) {
		const shown = 16
		more := ""
		if len(msg) > shown {
			more = "…"
		}

		return fmt.Sprintf("(%d bytes that are no text: %x%s)", len(msg), msg[:min(len(msg), shown)], more)
	}
	text := strings.ReplaceAll(string(msg), "\r\n", "\n")

	return strings.Map(func(r rune) rune {
		const (
			nonJoiner = '\u200c' // keeps letters apart: Persian cannot be written without
			joiner    = '\u200d' // holds together what is one picture
		)
		switch {
		case r == '\n', r == nonJoiner, r == joiner, unicode.IsGraphic(r):
			return r
		case r == '\t':
			return ' '
		default:
			return unicode.ReplacementChar
		}
	}, text)
}

// oneLine is Readable with line feeds made visible.
func oneLine(msg []byte) string { return strings.ReplaceAll(Readable(msg), "\n", `\n`) }

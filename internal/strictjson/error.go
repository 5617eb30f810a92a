package strictjson

import (
	"bytes"
	"fmt"
	"strings"
)

// Error is a mistake in a file of settings.
type Error struct {
	Line int    // counted from 1
	Text string // what is wrong, and what would be right
}

// Error gives "line N: text".
func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

func errorAt(line int, format string, args ...any) *Error {
	return &Error{Line: line, Text: fmt.Sprintf(format, args...)}
}

// lineAt is the line, counted from 1, of the byte at offset.
func lineAt(data []byte, offset int64) int {
	end := min(max(offset, 0), int64(len(data)))

	return 1 + bytes.Count(data[:end], []byte("\n"))
}

// Unknown says that a name is not one of valid, and which of them it may have been meant to be.
func Unknown(kind, name string, valid []string) string {
	text := fmt.Sprintf("unknown %s %q", kind, name)
	if near := nearest(name, valid); near != "" {
		text += fmt.Sprintf(" (did you mean %q?)", near)
	}

	return text + "; valid: " + strings.Join(valid, ", ")
}

// nearest is the valid name that differs least from name, "" if none is near.
func nearest(name string, valid []string) string {
	const longest = 64 // what is longer is no slip of a finger, and the comparison is quadratic
	if len(name) > longest {
		return ""
	}
	best, least := "", len(name)/3+2
	for _, v := range valid {
		if d := distance(fold(name), fold(v)); d < least {
			best, least = v, d
		}
	}

	return best
}

// fold takes away what is mixed up most often: case, and how words are joined.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(name))
}

// distance is Levenshtein's: the fewest insertions, deletions and replacements of bytes that lead
// from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}

	return row[len(b)]
}

package chat

import (
	"slices"
	"strings"
	"unicode"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

const (
	longestInput = 16 << 10 // characters
	remembered   = 100      // lines that ctrl+p finds again
)

// edit is the line that is being typed.
type edit struct {
	text   []rune
	cursor int // index into text

	past   []string // lines that were sent, oldest first
	recall int      // counted from the end of past; 0: the line is not from there
	draft  []rune   // the line before recall
}

// insert puts text at the cursor, as far as there is room, and returns how many characters had
// none. A terminal pastes the end of a line as a carriage return.
func (e *edit) insert(s string) (left int) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	typed := []rune(strings.ReplaceAll(Readable([]byte(s)), "\n", " "))
	if room := longestInput - len(e.text); len(typed) > room {
		typed, left = typed[:room], len(typed)-room
	}
	e.text = slices.Insert(e.text, e.cursor, typed...)
	e.cursor += len(typed)

	return left
}

// take returns the line and empties it.
func (e *edit) take() string {
	line := strings.TrimSpace(string(e.text))
	if line != "" {
		e.past = append(e.past, line)
		e.past = e.past[max(0, len(e.past)-remembered):]
	}
	e.set(nil)
	e.recall, e.draft = 0, nil

	return line
}

func (e *edit) set(text []rune) { e.text, e.cursor = text, len(text) }

// back puts the line in place that was sent n lines before the one that is shown now.
func (e *edit) back(n int) {
	to := e.recall + n
	if to < 0 || to > len(e.past) {
		return
	}
	if e.recall == 0 {
		e.draft = e.text
	}
	if e.recall = to; to == 0 {
		e.set(e.draft)
	} else {
		e.set([]rune(e.past[len(e.past)-to]))
	}
}

// cut removes what lies between the cursor and another place.
func (e *edit) cut(to int) {
	from, until := min(to, e.cursor), max(to, e.cursor)
	e.text = slices.Delete(e.text, max(from, 0), min(until, len(e.text)))
	e.cursor = max(from, 0)
}

// wordBefore is where the word before the cursor begins.
func (e *edit) wordBefore() int {
	i := e.cursor
	for i > 0 && unicode.IsSpace(e.text[i-1]) {
		i--
	}
	for i > 0 && !unicode.IsSpace(e.text[i-1]) {
		i--
	}

	return i
}

// key does what a key means for the line, and tells whether it means anything.
func (e *edit) key(k tea.KeyPressMsg) bool {
	switch k.String() {
	case "left", "ctrl+b":
		e.cursor = max(e.cursor-1, 0)
	case "right", "ctrl+f":
		e.cursor = min(e.cursor+1, len(e.text))
	case "home", "ctrl+a":
		e.cursor = 0
	case "end", "ctrl+e":
		e.cursor = len(e.text)
	case "backspace", "ctrl+h":
		e.cut(e.cursor - 1)
	case "delete":
		e.cut(e.cursor + 1)
	case "ctrl+w", "alt+backspace":
		e.cut(e.wordBefore())
	case "ctrl+u":
		e.cut(0)
	case "ctrl+k":
		e.cut(len(e.text))
	case "ctrl+p":
		e.back(1)
	case "ctrl+n":
		e.back(-1)
	default:
		if k.Text == "" {
			return false
		}
		e.insert(k.Text)
	}

	return true
}

// window is the part of the line that fits into width, with the cursor in it, and the cursor's
// column.
func (e *edit) window(width int) (shown string, column int) {
	const most = 8 // characters in a column: what more are put together there is not shown
	first := max(e.cursor-most*width, 0)
	start := e.cursor // backwards, because the line may be long
	for start > first && ansi.StringWidth(string(e.text[start-1:e.cursor])) < width {
		start--
	}
	last := min(e.cursor+most*width, len(e.text))

	return ansi.Truncate(string(e.text[start:last]), width, ""), ansi.StringWidth(string(e.text[start:e.cursor]))
}

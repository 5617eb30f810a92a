package chat

import (
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"
)

const longestHistory = 2000

// Looks, as a terminal understands them. A terminal without colours, and NO_COLOR, are bubbletea's
// to know.
const (
	plain  = "\x1b[m"
	bold   = "\x1b[1m"
	faint  = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
)

// style says how an entry looks.
type style uint8

const (
	mine   style = iota // what I have sent
	theirs              // from the peer
	others              // from another user
	notice              // of the program
	wrong               // something has failed
)

// fate says what became of a message of mine.
type fate uint8

const (
	onItsWay fate = iota
	delivered
	failed
)

// entry is one thing that has been said or has happened.
type entry struct {
	at    time.Time
	style style
	id    int    // of a message of mine
	user  string // empty for a notice
	text  string // readable
	fate  fate   // of a message of mine
	why   string // it has failed
}

// history is what has been said, oldest first.
type history struct {
	entries []entry
}

func (h *history) add(e entry) {
	h.entries = append(h.entries, e)
	if excess := len(h.entries) - longestHistory; excess > 0 {
		h.entries = append(h.entries[:0], h.entries[excess:]...)
	}
}

// settle notes what became of the message with this ID.
func (h *history) settle(id int, f fate, why string) {
	for i := len(h.entries) - 1; i >= 0; i-- {
		if e := &h.entries[i]; e.style == mine && e.id == id {
			e.fate, e.why = f, why

			return
		}
	}
}

// tail returns the lines that end skip lines before the last one, at most height of them, and how
// many lines there are in all as far as it had to look: fewer than skip+height only if that is all.
func (h *history) tail(width, height, skip int) (shown []string, seen int) {
	var lines [][]string
	for i := len(h.entries) - 1; i >= 0 && seen < skip+height; i-- {
		block := h.entries[i].lines(width)
		lines = append(lines, block)
		seen += len(block)
	}
	for _, block := range slices.Backward(lines) {
		shown = append(shown, block...)
	}
	end := max(len(shown)-skip, 0)

	return shown[max(end-height, 0):end], seen
}

// lines shows an entry on lines of at most width columns.
func (e *entry) lines(width int) []string {
	head := e.at.Format("15:04") + " "
	name, colour := e.label()
	indent := strings.Repeat(" ", min(ansi.StringWidth(head+name), width/2))
	room := max(width-len(indent), 1)
	wrapped := strings.Split(ansi.Wrap(e.text+e.mark(), room, " -"), "\n")
	out := make([]string, 0, len(wrapped)+1)
	for i, line := range wrapped {
		before := indent
		if i == 0 {
			before = faint + head + plain + colour + name + plain
			if ansi.StringWidth(head+name) > len(indent) { // a long name has its own line
				out = append(out, ansi.Truncate(before, width, "…"+plain))
				before = indent
			}
		}
		out = append(out, before+e.paint(line))
	}
	if e.fate == failed {
		for line := range strings.SplitSeq(ansi.Wrap(e.why, room, " -"), "\n") {
			out = append(out, indent+red+line+plain)
		}
	}

	return out
}

// label is what stands before the text, and its colour.
func (e *entry) label() (name, colour string) {
	switch e.style {
	case mine:
		return e.user + "  ", green
	case theirs:
		return e.user + "  ", bold + cyan
	case others:
		return e.user + " (not in this conversation)  ", yellow
	case notice:
		return "· ", faint
	case wrong:
		return "! ", red
	}

	return "", plain
}

// mark follows a message of mine.
func (e *entry) mark() string {
	switch {
	case e.style != mine:
		return ""
	case e.fate == delivered:
		return " ✓"
	case e.fate == failed:
		return " ✗"
	default:
		return " …"
	}
}

func (e *entry) paint(line string) string {
	switch e.style {
	case notice:
		return faint + line + plain
	case wrong:
		return red + line + plain
	case mine, theirs, others:
	}

	return line
}

package chat

import (
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

func TestTheLineCanBeEdited(t *testing.T) {
	for _, c := range []struct {
		keys []string
		want string
	}{
		{[]string{"helo", "left", "l"}, "hello"},
		{[]string{"hello", "home", "x", "end", "y"}, "xhelloy"},
		{[]string{"hello", "backspace", "backspace", "left", "delete"}, "he"},
		{[]string{"one two  ", "ctrl+w", "x"}, "one x"},
		{[]string{"one two", "ctrl+w", "ctrl+w", "ctrl+w"}, ""},
		{[]string{"one two", "left", "left", "left", "ctrl+k", "x"}, "one x"},
		{[]string{"one two", "left", "left", "left", "ctrl+u"}, "two"},
		{[]string{"backspace", "delete", "left", "right", "f5", "ctrl+p", "ctrl+n", "a"}, "a"},
		{[]string{"first", "enter", "second", "enter", "draft", "ctrl+p", "ctrl+p", "ctrl+p"}, "first"},
		{[]string{"first", "enter", "draft", "ctrl+p", "ctrl+n", "ctrl+n"}, "draft"},
		{[]string{"日本", "left", "x"}, "日x本"},
	} {
		s, _ := newTestScreen(60, 8)
		s.press(c.keys...)
		if got := string(s.input.text); got != c.want {
			t.Errorf("%q gives %q, want %q", c.keys, got, c.want)
		}
	}
}

func TestWhatIsPastedStaysOneLine(t *testing.T) {
	s, _ := newTestScreen(60, 8)
	s.Update(tea.PasteMsg{Content: "two\nlines\x1b"})
	if got := string(s.input.text); got != "two lines\uFFFD" {
		t.Errorf("got %q", got)
	}
	s.press("ctrl+u")
	s.Update(tea.PasteMsg{Content: "as\rterminals\r\npaste"})
	if got := string(s.input.text); got != "as terminals paste" {
		t.Errorf("got %q", got)
	}
}

func TestAPasteThatIsTooLongIsCutAndSaysSo(t *testing.T) {
	s, _ := newTestScreen(60, 8)
	start := time.Now()
	s.Update(tea.PasteMsg{Content: strings.Repeat("x", 2*longestInput)})
	s.shows(t, "its last 16384")
	if took := time.Since(start); took > time.Second {
		t.Errorf("to show it took %v", took)
	}
	if len(s.input.text) != longestInput {
		t.Errorf("the line has %d characters", len(s.input.text))
	}
}

func TestALongLineShowsThePartWithTheCursor(t *testing.T) {
	s, _ := newTestScreen(20, 8)
	s.press("0123456789abcdefghijklmnopq")
	lines := s.shown()
	if last := lines[len(lines)-1]; !strings.HasSuffix(last, "opq") {
		t.Errorf("input is %q", last)
	}
	if x := s.View().Cursor.X; x >= 20 {
		t.Errorf("the cursor is at %d", x)
	}
	s.press("home")
	lines = s.shown()
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, "› 0123") {
		t.Errorf("input is %q", last)
	}
}

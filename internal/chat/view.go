package chat

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/parley-dm/parley/client"
)

const prompt = "› "

// View implements tea.Model: head, history, foot, input.
func (s *screen) View() tea.View {
	view := tea.View{AltScreen: true, WindowTitle: fmt.Sprintf("%s and %s", s.talk.UserID(), Readable([]byte(s.peer)))}
	if s.width == 0 || s.height == 0 {
		return view // the size is not known yet
	}
	lines, _ := s.history.tail(s.width, s.rows(), s.scroll)
	var b strings.Builder
	b.WriteString(s.head() + "\n")
	b.WriteString(strings.Repeat("\n", s.rows()-len(lines))) // the newest stands at the bottom
	for _, line := range lines {
		b.WriteString(ansi.Truncate(line, s.width, "") + plain + "\n")
	}
	b.WriteString(s.foot() + "\n")
	text, column := s.input.window(max(s.width-ansi.StringWidth(prompt)-1, 1))
	b.WriteString(bold + prompt + plain + text)
	view.SetContent(b.String())
	view.Cursor = tea.NewCursor(ansi.StringWidth(prompt)+column, s.rows()+2)

	return view
}

// head shows both users and the state of the connection.
func (s *screen) head() string {
	const reverse, straight = "\x1b[7m", "\x1b[27m"
	left := fmt.Sprintf(" %s → %s ", oneLine([]byte(s.talk.UserID())), oneLine([]byte(s.peer)))
	right := " ● connected · node " + nodeName(s.talk.Node()) + " · " + s.talk.URL() + " "
	switch s.state {
	case client.StateConnected:
	case client.StateReconnecting:
		right = " ○ reconnecting to " + s.url + " "
	case client.StateClosed:
		right = " ✗ closed "
	}
	if gap := s.width - ansi.StringWidth(left) - ansi.StringWidth(right); gap >= 0 {
		left += strings.Repeat(" ", gap) + right
	} else {
		left = ansi.Truncate(left+right, s.width, "…")
	}

	return reverse + bold + left + plain + straight
}

func (s *screen) foot() string {
	text := "── enter sends · ↑↓ scroll · /help · /quit "
	if s.scroll > 0 {
		text = "── scrolled up: esc goes back to the end "
		if s.unseen > 0 {
			text = fmt.Sprintf("── ▼ %d new below: esc goes there ", s.unseen)
		}
	}
	text += strings.Repeat("─", max(s.width-ansi.StringWidth(text), 0))

	return faint + ansi.Truncate(text, s.width, "") + plain
}

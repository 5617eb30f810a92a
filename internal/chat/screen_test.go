package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// pretend is a conversation whose other end is the test.
type pretend struct {
	posted []string
	full   bool
	err    error
}

func (p *pretend) Post(id int, to, text string) bool {
	if !p.full {
		p.posted = append(p.posted, fmt.Sprintf("%d to %s: %s", id, to, text))
	}

	return !p.full
}
func (*pretend) UserID() string { return "alice" }
func (*pretend) Node() string   { return "n1" }
func (*pretend) URL() string    { return "tcp://h:1" }
func (p *pretend) Err() error   { return p.err }

func newTestScreen(width, height int) (*screen, *pretend) {
	p := &pretend{}
	s := newScreen(p, "bob", "tcp://h:1")
	s.now = func() time.Time { return time.Date(2030, 1, 2, 13, 14, 0, 0, time.UTC) }
	s.Init()
	s.Update(tea.WindowSizeMsg{Width: width, Height: height})

	return s, p
}

// shown is what the terminal shows, line by line, without looks.
func (s *screen) shown() []string {
	lines := strings.Split(ansi.Strip(s.View().Content), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}

	return lines
}

func (s *screen) shows(t *testing.T, want string) {
	t.Helper()
	for _, line := range s.shown() {
		if strings.Contains(line, want) {
			return
		}
	}
	t.Errorf("%q is not on the screen:\n%s", want, strings.Join(s.shown(), "\n"))
}

func (s *screen) hides(t *testing.T, what string) {
	t.Helper()
	if strings.Contains(strings.Join(s.shown(), "\n"), what) {
		t.Errorf("%q is on the screen:\n%s", what, strings.Join(s.shown(), "\n"))
	}
}

// press types keys: names of special keys, or text.
func (s *screen) press(keys ...string) (last tea.Cmd) {
	special := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "pgup": {Code: tea.KeyPgUp}, "pgdown": {Code: tea.KeyPgDown},
		"esc": {Code: tea.KeyEscape}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
		"backspace": {Code: tea.KeyBackspace}, "delete": {Code: tea.KeyDelete}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl},
		"ctrl+w": {Code: 'w', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl}, "ctrl+k": {Code: 'k', Mod: tea.ModCtrl},
		"ctrl+p": {Code: 'p', Mod: tea.ModCtrl}, "ctrl+n": {Code: 'n', Mod: tea.ModCtrl}, "f5": {Code: tea.KeyF5},
	}
	for _, key := range keys {
		msg, ok := special[key]
		if ok {
			_, last = s.Update(msg)

			continue
		}
		for _, r := range key {
			_, last = s.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}

	return last
}

func TestTheScreenSaysWhoTalksToWhomAndWhere(t *testing.T) {
	s, _ := newTestScreen(80, 10)
	lines := s.shown()
	if len(lines) != 10 {
		t.Fatalf("%d lines", len(lines))
	}
	if !strings.Contains(lines[0], "alice → bob") || !strings.Contains(lines[0], "● connected · node n1 · tcp://h:1") {
		t.Errorf("head is %q", lines[0])
	}
	s.shows(t, "you are alice; what you type goes to bob")
	if lines[9] != "›" {
		t.Errorf("input is %q", lines[9])
	}
}

func TestAMessageIsMarkedWithWhatBecameOfIt(t *testing.T) {
	s, p := newTestScreen(80, 10)
	s.press("hello", "enter")
	s.shows(t, "13:14 alice  hello …")
	if len(p.posted) != 1 || p.posted[0] != "1 to bob: hello" {
		t.Fatalf("posted %q", p.posted)
	}
	s.Update(Event{Kind: Sent, ID: 1, User: "bob"})
	s.shows(t, "alice  hello ✓")
	s.press("again", "enter")
	s.Update(Event{Kind: Failed, ID: 2, User: "bob", Err: client.ErrUserNotFound})
	s.shows(t, "alice  again ✗")
	s.shows(t, "not delivered: bob is not connected")
	p.full = true
	s.press("third", "enter")
	s.shows(t, "not delivered: too many messages wait")
}

func TestMessagesOfOthersAreToldApart(t *testing.T) {
	s, _ := newTestScreen(80, 10)
	s.Update(Event{Kind: Received, User: "bob", Text: []byte("hi\x1b[2J")})
	s.Update(Event{Kind: Received, User: "carol", Text: []byte("me too")})
	s.Update(Event{Kind: Left, User: "bob"})
	s.shows(t, "bob  hi\uFFFD[2J")
	s.shows(t, "carol (not in this conversation)  me too")
	s.shows(t, "bob has left")
}

func TestTheStateOfTheConnectionIsAlwaysSeen(t *testing.T) {
	s, p := newTestScreen(100, 12)
	s.Update(Event{Kind: Changed, State: client.StateConnected})
	s.hides(t, "connected again")
	s.Update(Event{Kind: Changed, State: client.StateReconnecting})
	s.shows(t, "○ reconnecting to tcp://h:1")
	s.shows(t, "the connection is lost")
	s.Update(Event{Kind: Changed, State: client.StateConnected})
	s.shows(t, "● connected")
	s.shows(t, "connected again, to node n1")
	p.err = &client.GoodbyeError{Code: wire.GoodbyeReplaced}
	s.Update(Event{Kind: Changed, State: client.StateClosed})
	s.shows(t, "✗ closed")
	s.shows(t, "logged in elsewhere")
}

func TestCommandsBeginWithASlash(t *testing.T) {
	s, p := newTestScreen(120, 20)
	s.press("/with carol", "enter", "hello", "enter")
	s.shows(t, "what you type now goes to carol")
	s.shows(t, "alice → carol")
	s.press("//quit", "enter", "/dance x", "enter", "/with", "enter", "/help", "enter", "enter")
	s.shows(t, "there is no /dance")
	s.shows(t, "/with needs a user")
	s.shows(t, "ctrl+p, ctrl+n")
	if strings.Join(p.posted, ", ") != "1 to carol: hello, 2 to carol: /quit" {
		t.Errorf("posted %q", p.posted)
	}
	for _, keys := range [][]string{{"/quit", "enter"}, {"ctrl+c"}} {
		cmd := s.press(keys...)
		if cmd == nil {
			t.Fatalf("%q does not quit", keys)
		}
		if _, quits := cmd().(tea.QuitMsg); !quits {
			t.Errorf("%q does not quit", keys)
		}
	}
}

func TestTheHistoryScrollsAndStaysWhereItWasPut(t *testing.T) {
	s, _ := newTestScreen(40, 8) // five rows of history
	for i := range 30 {
		s.Update(Event{Kind: Received, User: "bob", Text: fmt.Appendf(nil, "message %d.", i)})
	}
	s.shows(t, "message 29.")
	s.hides(t, "message 24.")
	s.press("up", "up")
	s.hides(t, "message 28.")
	s.shows(t, "message 23.")
	s.shows(t, "scrolled up")
	s.Update(Event{Kind: Received, User: "bob", Text: []byte("newest.")})
	s.shows(t, "message 23.")
	s.hides(t, "newest.")
	s.shows(t, "1 new below")
	for range 20 {
		s.press("pgup")
	}
	s.shows(t, "you are alice")
	s.press("pgdown", "pgdown")
	s.shows(t, "message 8.")
	s.press("esc")
	s.shows(t, "newest.")
	s.hides(t, "new below")
	s.press("down")
	s.shows(t, "newest.")
}

func TestLongTextWrapsUnderItself(t *testing.T) {
	s, _ := newTestScreen(30, 10)
	s.Update(Event{Kind: Received, User: "bob", Text: []byte("a message that needs more than one line")})
	s.shows(t, "13:14 bob  a message that")
	s.shows(t, "           needs more than one")
	s.Update(Event{Kind: Received, User: strings.Repeat("b", 128), Text: []byte("long name")})
	for _, line := range s.shown() {
		if ansi.StringWidth(line) > 30 {
			t.Errorf("line is too wide: %q", line)
		}
	}
	s.shows(t, "long name")
}

func TestAnySizeOfTerminalIsSurvived(t *testing.T) {
	for width := range 24 {
		for height := range 8 {
			s, _ := newTestScreen(width, height)
			s.Update(Event{Kind: Received, User: "bob", Text: []byte("日本語 hello\nworld")})
			s.press("typed 日本", "up", "pgup", "enter")
			_ = s.View()
		}
	}
}

func TestTheHistoryIsBounded(t *testing.T) {
	s, _ := newTestScreen(40, 8)
	for range longestHistory + 10 {
		s.note(notice, "x")
	}
	if len(s.history.entries) != longestHistory {
		t.Errorf("%d entries", len(s.history.entries))
	}
}

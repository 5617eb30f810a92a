package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/parley-dm/parley/client"
)

// talk is what a screen needs of a Conversation.
type talk interface {
	Post(id int, to, text string) bool
	UserID() string
	Node() string
	URL() string
	Err() error
}

// Screen shows the conversation on a terminal until the user quits or ctx ends.
func Screen(ctx context.Context, c *Conversation, in io.Reader, out io.Writer, peer, url string) error {
	return run(ctx, newScreen(c, peer, url), c.Events(), tea.WithInput(in), tea.WithOutput(out))
}

func run(ctx context.Context, s *screen, events <-chan Event, options ...tea.ProgramOption) error {
	program := tea.NewProgram(s, append(options, tea.WithContext(ctx), tea.WithoutSignalHandler())...)
	over := make(chan struct{})
	var pump sync.WaitGroup
	pump.Go(func() {
		for {
			select {
			case e := <-events:
				program.Send(e)
			case <-over:
				return
			}
		}
	})
	_, err := program.Run()
	close(over)
	pump.Wait()
	if stopped := errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil; !stopped {
		return err
	}

	return nil // being told to stop is no mistake
}

// screen is the state of the terminal. It belongs to bubbletea's loop, which alone calls its
// methods.
type screen struct {
	talk talk
	url  string
	peer string
	now  func() time.Time

	history history
	input   edit
	state   client.State
	posted  int

	width, height int
	scroll        int // lines between the bottom of what is shown and the newest one
	unseen        int // entries that have come since the user scrolled away
}

func newScreen(t talk, peer, url string) *screen {
	return &screen{talk: t, peer: peer, url: url, now: time.Now, state: client.StateConnected}
}

// Init implements tea.Model.
func (s *screen) Init() tea.Cmd {
	s.note(notice, fmt.Sprintf("you are %s; what you type goes to %s; /help shows more", s.talk.UserID(), s.peer))

	return nil
}

// Update implements tea.Model.
func (s *screen) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch m := msg.(type) {
	case tea.WindowSizeMsg:
		s.width, s.height = m.Width, m.Height
		s.move(0)
	case tea.PasteMsg:
		if left := s.input.insert(m.Content); left > 0 {
			s.note(wrong, fmt.Sprintf("what was pasted is too long: its last %d characters were left out", left))
		}
	case tea.KeyPressMsg:
		next := s.key(m)

		return s, next
	case Event:
		s.event(m)
	}

	return s, nil
}

func (s *screen) key(k tea.KeyPressMsg) tea.Cmd {
	switch k.String() {
	case "ctrl+c", "ctrl+d":
		return tea.Quit
	case "enter":
		return s.enter(s.input.take())
	case "up":
		s.move(1)
	case "down":
		s.move(-1)
	case "pgup":
		s.move(s.rows() - 1)
	case "pgdown":
		s.move(1 - s.rows())
	case "esc":
		s.move(-s.scroll)
	default:
		s.input.key(k)
	}

	return nil
}

func (s *screen) enter(line string) tea.Cmd {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case line == "":
	case strings.HasPrefix(line, "//"):
		s.send(line[1:])
	case word == "/quit", word == "/q":
		return tea.Quit
	case word == "/help":
		s.note(notice, "/with USER changes the peer · /quit or ctrl+c leaves · //text sends a text that begins with / · "+
			"↑ ↓ page up, page down scroll, esc goes back to the end · ctrl+p, ctrl+n find what you sent · ✓ has arrived, … is on its way")
	case word == "/with" && rest != "":
		s.peer = rest
		s.note(notice, "what you type now goes to "+Readable([]byte(rest)))
	case word == "/with":
		s.note(wrong, "/with needs a user: /with USER")
	case strings.HasPrefix(line, "/"):
		s.note(wrong, "there is no "+word+": /help shows what there is; a text that begins with / is written //…")
	default:
		s.send(line)
	}

	return nil
}

func (s *screen) send(text string) {
	s.posted++
	e := entry{style: mine, id: s.posted, user: s.talk.UserID(), text: text}
	if !s.talk.Post(s.posted, s.peer, text) {
		e.fate, e.why = failed, "not delivered: too many messages wait to be sent"
	}
	s.scroll, s.unseen = 0, 0
	s.add(e)
}

func (s *screen) event(e Event) {
	user := oneLine([]byte(e.User))
	switch e.Kind {
	case Received:
		from := theirs
		if e.User != s.peer {
			from = others
		}
		s.add(entry{style: from, user: user, text: Readable(e.Text)})
	case Left:
		s.note(notice, leftText(e))
	case Sent:
		if text := Outcome(e.Result, e.User); text != "" {
			s.history.settle(e.ID, failed, text)
		} else {
			s.history.settle(e.ID, delivered, "")
		}
	case Failed:
		s.history.settle(e.ID, failed, Verdict(e.Err)+": "+Explain(e.Err, e.User, s.url))
	case Changed:
		s.changed(e.State)
	}
}

func (s *screen) changed(state client.State) {
	was := s.state
	s.state = state
	switch state {
	case client.StateConnected:
		if was == client.StateReconnecting {
			s.note(notice, "connected again, to node "+nodeName(s.talk.Node()))
		}
	case client.StateReconnecting:
		s.note(wrong, "the connection is lost: coming back by itself")
	case client.StateClosed:
		s.note(wrong, Explain(s.talk.Err(), s.peer, s.talk.URL())+"; ctrl+c leaves")
	}
}

func (s *screen) note(look style, text string) { s.add(entry{style: look, text: text}) }

// add puts an entry at the end; a screen that is scrolled up keeps its place.
func (s *screen) add(e entry) {
	e.at = s.now()
	s.history.add(e)
	if s.scroll > 0 {
		s.unseen++
		s.move(len(e.lines(s.width)))
	}
}

// move scrolls up by lines (down if negative), as far as there is something.
func (s *screen) move(lines int) {
	s.scroll = max(s.scroll+lines, 0)
	if _, all := s.history.tail(s.width, s.rows(), s.scroll); all < s.scroll+s.rows() {
		s.scroll = max(all-s.rows(), 0)
	}
	if s.scroll == 0 {
		s.unseen = 0
	}
}

// rows is how many lines of history are shown: all but the head, the foot and the input.
func (s *screen) rows() int { return max(s.height-3, 1) }

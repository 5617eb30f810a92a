package demopage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
)

// errClosed: the feed was closed.
var errClosed = errors.New("the feed is closed")

// maxWaiting bounds the messages that wait for one page.
const maxWaiting = 4000

// Feed passes what happens on to the pages that are open. Safe for use by several goroutines.
type Feed struct {
	mu      sync.Mutex
	state   []byte // JSON of the newest State
	caption []byte // JSON of the newest Caption
	pages   map[*subscriber]struct{}
	viewed  chan struct{} // closed when the first page is open
	over    chan struct{} // closed by Close
}

// subscriber is one open page.
type subscriber struct {
	state, caption bool // not sent yet
	messages       []Message
	left           int
	wake           chan struct{} // there is something to send
}

// NewFeed returns a feed without a state.
func NewFeed() *Feed {
	return &Feed{pages: map[*subscriber]struct{}{}, viewed: make(chan struct{}), over: make(chan struct{})}
}

// Close ends the streams of all pages. It must be called once at most.
func (f *Feed) Close() { close(f.over) }

// Viewed is closed when the first page is open.
func (f *Feed) Viewed() <-chan struct{} { return f.viewed }

// SetState replaces the state, and tells the pages if it differs.
func (f *Feed) SetState(s *State) {
	f.set(&f.state, s, func(p *subscriber) { p.state = true })
}

// SetCaption replaces the caption, likewise.
func (f *Feed) SetCaption(c Caption) {
	f.set(&f.caption, c, func(p *subscriber) { p.caption = true })
}

func (f *Feed) set(at *[]byte, v any, mark func(*subscriber)) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a plain struct
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if bytes.Equal(*at, text) {
		return
	}
	*at = text
	for p := range f.pages {
		mark(p)
		p.notify()
	}
}

// Add passes messages on. Left is how many are left out.
func (f *Feed) Add(messages []Message, left int) {
	if len(messages) == 0 && left == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for p := range f.pages {
		room := min(maxWaiting-len(p.messages), len(messages))
		p.messages = append(p.messages, messages[:room]...)
		p.left += left + len(messages) - room
		p.notify()
	}
}

func (p *subscriber) notify() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// event is one server-sent event.
type event struct {
	name string
	data []byte
}

// subscribe adds a page, which is sent the state and the caption first.
func (f *Feed) subscribe() *subscriber {
	p := &subscriber{state: true, caption: true, wake: make(chan struct{}, 1)}
	p.notify()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.pages) == 0 {
		select {
		case <-f.viewed:
		default:
			close(f.viewed)
		}
	}
	f.pages[p] = struct{}{}

	return p
}

func (f *Feed) unsubscribe(p *subscriber) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.pages, p)
}

// next waits for what is to be sent to a page.
func (f *Feed) next(ctx context.Context, p *subscriber) ([]event, error) {
	select {
	case <-p.wake:
	case <-f.over:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	f.mu.Lock()
	state, caption, messages, left := p.state && f.state != nil, p.caption && f.caption != nil, p.messages, p.left
	events := make([]event, 0, 3)
	if state {
		events = append(events, event{"state", f.state})
	}
	if caption {
		events = append(events, event{"caption", f.caption})
	}
	p.state, p.caption, p.messages, p.left = false, false, nil, 0
	f.mu.Unlock()
	if len(messages) > 0 || left > 0 {
		data, err := json.Marshal(Report{Messages: messages, Left: left})
		if err != nil {
			return nil, err
		}
		events = append(events, event{"messages", data})
	}

	return events, nil
}

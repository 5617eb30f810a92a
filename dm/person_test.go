package dm_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/command"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// person is a user with a connection that writes down what it is given.
type person struct {
	t     *testing.T
	node  *node
	id    string
	u     *user.User
	stamp nodes.Stamp
	line  command.UserQueue
	told  func(text string) // if not nil, it is told instead of heard
	ended func()            // if not nil, it is told that the server closes the connection

	mu      sync.Mutex
	heard   []string
	closed  string
	stalled bool // pushes are queued, and never written
	queued  []queued
	full    bool // the queue is full
	held    bool // Hold: a client is not read from
}

// queued is a push that sits in the connection's queue.
type queued struct {
	sessions.Done

	text string
}

func (p *person) Push(ver uint8, cmd uint16, message []byte, _ bool, done sessions.Done) error {
	text := fmt.Sprintf("%d.%d %s", ver, cmd, readable(ver, cmd, message))
	p.mu.Lock()
	switch {
	case p.full:
		p.mu.Unlock()

		return sessions.ErrBusy
	case p.closed != "":
		p.mu.Unlock()

		return sessions.ErrClosed
	case p.stalled:
		p.queued = append(p.queued, queued{done, text})
		p.mu.Unlock()

		return nil
	}
	p.noteLocked(text)
	p.mu.Unlock()
	if done != nil {
		done.Pushed(nil)
	}

	return nil
}

func (p *person) noteLocked(text string) {
	switch {
	case p.node.crashed.Load():
	case p.told != nil:
		p.told(text)
	default:
		p.heard = append(p.heard, text)
	}
}

// unstall lets the client read again.
func (p *person) unstall() {
	p.mu.Lock()
	queue := p.queued
	p.queued, p.stalled = nil, false
	for _, q := range queue {
		p.noteLocked(q.text)
	}
	p.mu.Unlock()
	for _, q := range queue {
		q.pushed(nil)
	}
}

// lose ends what is still queued: the connection is gone.
func (p *person) lose() {
	p.mu.Lock()
	queue := p.queued
	p.queued = nil
	p.mu.Unlock()
	for _, q := range queue {
		q.pushed(sessions.ErrClosed)
	}
}

func (q queued) pushed(err error) {
	if q.Done != nil {
		q.Pushed(err)
	}
}

// readable takes the peer off the front of the engine's own pushes.
func readable(ver uint8, cmd uint16, m []byte) string {
	if ver == 1 && (cmd == 700 || cmd == 701) {
		n := int(m[0])

		return string(m[1:1+n]) + ": " + string(m[1+n:])
	}

	return string(m)
}

func (p *person) Respond(id uint32, ver uint8, cmd uint16, status uint8, message []byte, _ bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := string(message)
	if status == uint8(wire.StatusOK) && ver == 1 && len(message) > 0 {
		if r, err := wire.ParseReceipt(message); err == nil {
			text = r.Result.String()
		}
	}
	if status != uint8(wire.StatusOK) {
		text = fmt.Sprintf("%d", int(message[0])<<8|int(message[1]))
	}
	p.noteLocked(strings.TrimSpace(fmt.Sprintf("re %d %d.%d status %d %s", id, ver, cmd, status, text)))

	return nil
}

// Close ends the connection: what is queued is lost, as with the gateway.
func (p *person) Close(code uint16, _ string) {
	p.mu.Lock()
	first := p.closed == ""
	if first {
		p.closed = fmt.Sprint(code)
	}
	p.mu.Unlock()
	if first {
		if p.ended != nil {
			p.ended()
		}
		go p.gone(code)
	}
}

// gone is what the gateway does when a connection that the server has closed is over.
func (p *person) gone(code uint16) {
	if code == 2002 {
		p.node.dir.Release(p.u.ID, nodes.ParseSID(p.u.SID), 0)
		sessions.Discard(p.node.users, p.u, user.Left)
	} else {
		p.node.leave(p.u)
	}
	p.lose()
}

func (p *person) Addr() string { return "127.0.0.1:1" }

func (p *person) Latency() time.Duration { return 0 }

// Hold implements sessions.Conn.
func (p *person) Hold(_ sessions.HoldReason, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = on
}

func (p *person) Transport() string { return "tcp" }

// quits ends the person's session.
func (p *person) quits() {
	p.node.leave(p.u)
	p.lose()
}

// hears waits for all that is under way, and wants these pushes and responses since the last time.
func (p *person) hears(want ...string) {
	p.t.Helper()
	synctest.Wait()
	time.Sleep(100 * time.Millisecond) // virtual: the packets travel
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.heard, want) {
		p.t.Errorf("%s heard %q, want %q", p.id, p.heard, want)
	}
	p.heard = nil
}

// send sends as ver 2 cmd 11 and returns what the callback got.
func (p *person) send(to, text string) error {
	p.t.Helper()
	outcome := make(chan error, 2)
	p.node.dm.SendMessageByUserID(p.u, to, 2, 11, []byte(text), func(err error) { outcome <- err })

	return <-outcome
}

// sends wants a message to end in this error.
func (p *person) sends(to, text string, want error) {
	p.t.Helper()
	if err := p.send(to, text); !errors.Is(err, want) {
		p.t.Errorf("%s to %s %q: %v, want %v", p.id, to, text, err, want)
	}
}

// channels lists the peers that the person has channels with.
func (p *person) channels() string {
	var ids []string
	for _, ch := range p.node.dm.Channels(p.u) {
		ids = append(ids, ch.Peer+"@"+ch.Node)
	}

	return strings.Join(ids, " ")
}

// have wants this to be the list of channels.
func (p *person) has(want string) {
	p.t.Helper()
	synctest.Wait()
	if got := p.channels(); got != want {
		p.t.Errorf("%s has channels with %q, want %q", p.id, got, want)
	}
}

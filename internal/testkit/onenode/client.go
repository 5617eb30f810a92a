package onenode

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
)

// maxPushes bounds the pushes that a test has not read: more end in sessions.ErrBusy.
const maxPushes = 1000

// Client is the connection of a user, as the node sees it.
type Client struct {
	User *user.User

	node   *Node
	pushes chan string

	mu    sync.Mutex
	ended string // guarded by mu; code and text of the goodbye
}

var _ sessions.Conn = (*Client)(nil)

// Next waits for the next push, such as "2.7 hello".
func (c *Client) Next(tb testing.TB) string {
	tb.Helper()
	select {
	case text := <-c.pushes:
		return text
	case <-time.After(testkit.Patience):
		tb.Fatalf("%s got no push in %v", c.User.ID, testkit.Patience)

		return ""
	}
}

// Heard returns the pushes that no call has returned yet.
func (c *Client) Heard() []string {
	var all []string
	for {
		select {
		case text := <-c.pushes:
			all = append(all, text)
		default:
			return all
		}
	}
}

// Ended is the goodbye that the connection was closed with, such as "2005 removed"; "": none.
func (c *Client) Ended() string {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.ended
}

// Logout ends the session of a client that has closed its connection.
func (c *Client) Logout() {
	sessions.Remove(c.node.Users, c.User)
	messages.Of(c.node.DM).Leave(c.User, func(uint64) {})
	sessions.Discard(c.node.Users, c.User, user.Left)
}

// Push implements sessions.Conn.
func (c *Client) Push(ver uint8, cmd uint16, message []byte, _ bool, done sessions.Done) error {
	if c.Ended() != "" {
		return sessions.ErrClosed
	}
	select {
	case c.pushes <- fmt.Sprintf("%d.%d %s", ver, cmd, message):
	default:
		return sessions.ErrBusy
	}
	if done != nil {
		done.Pushed(nil)
	}

	return nil
}

// Close implements sessions.Conn.
func (c *Client) Close(code uint16, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == "" {
		c.ended = fmt.Sprintf("%d %s", code, text)
	}
}

// Respond implements sessions.Conn: no client of a test sends requests.
func (c *Client) Respond(uint32, uint8, uint16, uint8, []byte, bool) error { return nil }

// Hold implements sessions.Conn.
func (c *Client) Hold(sessions.HoldReason, bool) {}

// Latency implements sessions.Conn.
func (c *Client) Latency() time.Duration { return time.Millisecond }

// Addr implements sessions.Conn.
func (c *Client) Addr() string { return "192.0.2.1:50211" }

// Transport implements sessions.Conn.
func (c *Client) Transport() string { return "ws" }

package user_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/session"
)

// conn writes down what it is given.
type conn struct{ said []string }

func (c *conn) Push(ver uint8, cmd uint16, message []byte, reliable bool, done session.Done) error {
	c.said = append(c.said, fmt.Sprintf("push %d %d %s %t", ver, cmd, message, reliable))
	if done != nil {
		done.Pushed(nil)
	}

	return nil
}

func (c *conn) Respond(id uint32, ver uint8, cmd uint16, status uint8, message []byte, _ bool) error {
	c.said = append(c.said, fmt.Sprintf("re %d: %d %d %d %s", id, ver, cmd, status, message))

	return nil
}

func (c *conn) Close(code uint16, text string) {
	c.said = append(c.said, fmt.Sprintf("close %d %s", code, text))
}
func (c *conn) Latency() time.Duration        { return 2500 * time.Microsecond }
func (c *conn) Addr() string                  { return "127.0.0.1:1" }
func (c *conn) Hold(session.HoldReason, bool) {}
func (c *conn) Transport() string             { return "ws" }

func (c *conn) wants(t *testing.T, want ...string) {
	t.Helper()
	if strings.Join(c.said, "\n") != strings.Join(want, "\n") {
		t.Errorf("the connection was given %q, want %q", c.said, want)
	}
	c.said = nil
}

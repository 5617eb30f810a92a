package command_test

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/session"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// client is a user with a connection that writes down its responses, and the queue of its commands.
type client struct {
	t      *testing.T
	router *command.Router
	queue  command.UserQueue
	u      *user.User

	mu   sync.Mutex
	said []string
}

func (c *client) Push(uint8, uint16, []byte, bool, session.Done) error { return nil }

func (c *client) Respond(id uint32, ver uint8, cmd uint16, status uint8, message []byte, _ bool) error {
	text := string(message)
	if status != uint8(wire.StatusOK) {
		text = fmt.Sprintf("%d %s", int(message[0])<<8|int(message[1]), message[2:])
	}
	c.note(fmt.Sprintf("re %d %d.%d %d %s", id, ver, cmd, status, text))

	return nil
}

func (c *client) Close(uint16, string)                 {}
func (c *client) Latency() time.Duration               { return 0 }
func (c *client) Addr() string                         { return "" }
func (c *client) Hold(why session.HoldReason, on bool) { c.note(fmt.Sprintf("hold %d %v", why, on)) }
func (c *client) Transport() string                    { return "" }

func (c *client) note(s string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, s)
}

func (c *client) request(id uint32, ver uint8, cmd uint16, payload string) {
	c.router.Dispatch(&c.queue, command.Request{User: c.u, ID: id, Ver: ver, Cmd: cmd, Payload: []byte(payload)})
}

func (c *client) wants(want ...string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.Join(c.said, "\n") != strings.Join(want, "\n") {
		c.t.Errorf("got %q, want %q", c.said, want)
	}
	c.said = nil
}

func newRouter() *command.Router {
	return command.NewRouter(slog.New(slog.DiscardHandler))
}

func newClient(t *testing.T, r *command.Router) *client {
	t.Helper()
	r.Freeze()
	c := &client{t: t, router: r}
	users := user.NewRegistry()
	c.u = sessions.New(users, "alice", user.NewSID(), c)
	sessions.Add(users, c.u)

	return c
}

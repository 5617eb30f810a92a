package command_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestHandlersOfOneCommandRunInOrder(t *testing.T) {
	r := newRouter()
	var c *client
	for i := range 3 {
		r.Handle(2, 10, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
			c.note(fmt.Sprintf("%d: %d.%d %s of %s", i, ver, cmd, payload, u.ID))
			next(nil)
			next(errors.New("the second call does not count"))
		})
	}
	r.Handle(2, 11, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) {
		c.note("another command")
		next(nil)
	})
	c = newClient(t, r)
	c.request(1, 2, 10, "hi")
	c.request(2, 2, 11, "")
	c.wants("0: 2.10 hi of alice", "1: 2.10 hi of alice", "2: 2.10 hi of alice", "re 1 2.10 1 ",
		"another command", "re 2 2.11 1 ")
}

func TestAnErrorEndsTheCommandAndIsTheResponse(t *testing.T) {
	r := newRouter()
	var c *client
	r.Handle(2, 10, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
		if len(payload) > 0 {
			u.ServerRespond([]byte("done"), ver, cmd, 1, true)
		}
		next(errors.New("no such room"))
	})
	r.Handle(2, 10, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) {
		c.note("must not run")
		next(nil)
	})
	c = newClient(t, r)
	c.request(1, 2, 10, "")
	c.request(2, 2, 10, "answered")
	c.request(0, 2, 10, "")
	c.wants("re 1 2.10 5 5008 no such room", "re 2 2.10 1 done")
}

func TestAnErrorOfTheWireGivesTheResponseItsCode(t *testing.T) {
	r := newRouter()
	errs := map[uint16]error{
		10: &wire.Error{Code: wire.CodeNotAllowed, Text: "members only"},
		11: fmt.Errorf("room 7: %w", &wire.Error{Code: wire.CodeUserNotFound, UserID: "bob"}),
		12: &wire.Error{Text: "bytes of a handler"}, // which has no code
		13: &wire.Error{Code: wire.CodeRateLimit},
	}
	for cmd, err := range errs {
		r.Handle(2, cmd, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) { next(err) })
	}
	c := newClient(t, r)
	for id, cmd := range []uint16{10, 11, 12, 13} {
		c.request(uint32(id+1), 2, cmd, "")
	}
	c.wants("re 1 2.10 4 4003 not allowed: members only", "re 2 2.11 5 5004 room 7: message to bob: user not found",
		"re 3 2.12 5 5008 request failed with status 0: bytes of a handler", "re 4 2.13 4 4004 rate limit")
}

const timeout = 3 * time.Second

func TestAHandlerThatForgetsNextIsAnsweredFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		r := command.NewRouter(slog.New(slog.NewTextHandler(&lines, nil)))
		r.SetNextTimeout(timeout)
		var c *client
		var late func(error)
		r.Handle(2, 10, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
			if string(payload) == "answers" {
				u.ServerRespond([]byte("yes"), ver, cmd, 1, true)
			}
			late = next
		})
		r.Handle(2, 10, func(uint8, uint16, []byte, *user.User, func(error)) { c.note("must not run") })
		r.Builtin(1, 1, func(req command.Request) { c.note("built-in") })
		c = newClient(t, r)
		c.request(1, 2, 10, "")
		forgotten := late
		c.request(2, 2, 10, "answers")
		c.request(0, 2, 10, "")
		c.request(3, 1, 1, "")
		c.wants()
		time.Sleep(timeout)
		synctest.Wait()
		const unfinished = "5 5008 the handler did not finish within 3s"
		c.wants("re 1 2.10 "+unfinished, "re 2 2.10 1 yes")
		forgotten(nil) // too late: neither the first nor the second command moves
		time.Sleep(timeout)
		synctest.Wait()
		c.wants()
		time.Sleep(timeout)
		synctest.Wait()
		c.wants("built-in")
		if n := strings.Count(lines.String(), "without calling next"); n != 1 || !strings.Contains(lines.String(), "ver=2 cmd=10") {
			t.Errorf("the log has %d lines: %s", n, lines.String())
		}
		if r.Expired() != 3 {
			t.Errorf("%d commands expired", r.Expired())
		}
	})
}

func TestANextWithoutAResponseAnswersStatus1(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter()
		var c *client
		var late func(error)
		r.Handle(2, 10, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) { next(nil) })
		r.Handle(2, 11, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) { late = next })
		c = newClient(t, r)
		c.request(1, 2, 10, "")
		c.request(0, 2, 10, "")
		c.request(2, 2, 11, "")
		c.wants("re 1 2.10 1 ")
		time.Sleep(timeout - 1)
		late(nil)
		synctest.Wait()
		c.wants("re 2 2.11 1 ")
		c.u.ServerRespond([]byte("again"), 2, 11, 1, true)
		time.Sleep(timeout)
		c.wants()
	})
}

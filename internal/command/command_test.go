package command_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/session"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is a user with a connection that writes down its responses, and the queue of its commands.
type client struct {
	t      *testing.T
	router *command.Router
	queue  command.UserQueue
	u      *user.User

	mu   sync.Mutex
	said []string
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

func TestAnUnknownCommandIsAnsweredWith4002(t *testing.T) {
	c := newClient(t, newRouter())
	c.request(1, 2, 10, "")
	c.request(0, 2, 10, "")
	c.request(2, 0, 0, "")
	c.wants("re 1 2.10 4 4002 no command ver 2 cmd 10", "re 2 0.0 4 4002 no command ver 0 cmd 0")
}

func TestAHandlerThatPanicsCostsThatCommandOnly(t *testing.T) {
	r := newRouter()
	var c *client
	r.Handle(2, 10, func(uint8, uint16, []byte, *user.User, func(error)) { panic("a bug") })
	r.Handle(2, 10, func(uint8, uint16, []byte, *user.User, func(error)) { c.note("must not run") })
	r.Builtin(1, 1, func(command.Request) { panic("another") })
	r.Handle(2, 11, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) {
		c.note("alive")
		next(nil)
	})
	c = newClient(t, r)
	c.request(1, 2, 10, "")
	c.request(2, 1, 1, "")
	c.request(3, 2, 11, "")
	c.wants("re 1 2.10 5 5008 internal error", "re 2 1.1 5 5008 internal error", "alive", "re 3 2.11 1 ")
	if r.Panics() != 2 {
		t.Errorf("%d panics were counted", r.Panics())
	}
}

func TestCommandsWaitForALateNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter()
		var c *client
		var later func(error)
		r.Handle(2, 10, func(_ uint8, _ uint16, payload []byte, _ *user.User, next func(error)) {
			c.note("begin " + string(payload))
			later = next
		})
		r.Handle(2, 10, func(_ uint8, _ uint16, payload []byte, _ *user.User, next func(error)) {
			c.note("end " + string(payload))
			next(nil)
		})
		r.Builtin(1, 1, func(req command.Request) { c.note("built-in " + string(req.Payload)) })
		c = newClient(t, r)
		payload := []byte("one")
		c.router.Dispatch(&c.queue, command.Request{User: c.u, ID: 1, Ver: 2, Cmd: 10, Payload: payload})
		copy(payload, "XXX") // it was only lent
		c.request(2, 1, 1, "two")
		c.request(3, 2, 10, "three")
		if c.queue.Handling() {
			t.Error("nothing runs, and the queue is handling")
		}
		c.wants("begin one")
		later(nil)
		synctest.Wait()
		c.wants("end one", "re 1 2.10 1 ", "built-in two", "begin three")
		later(errors.New("failed"))
		synctest.Wait()
		c.wants("re 3 2.10 5 5008 failed")
		c.request(4, 1, 1, "four")
		c.wants("built-in four")
	})
}

func TestAClientIsHeldWhile128CommandsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouter()
		var finish []func(error)
		r.Handle(2, 10, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) { finish = append(finish, next) })
		c := newClient(t, r)
		for range 128 {
			c.request(0, 2, 10, "")
		}
		c.wants()
		c.request(0, 2, 10, "")
		c.wants("hold 1 true")
		for i := range 129 {
			finish[i](nil)
			synctest.Wait()
			if i == 62 {
				c.wants()
			}
		}
		c.wants("hold 1 false")
	})
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

func TestAQueueIsHandlingWhileAHandlerRuns(t *testing.T) {
	r := newRouter()
	var c *client
	r.Handle(2, 10, func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) {
		c.note(fmt.Sprint(c.queue.Handling()))
		next(nil)
	})
	c = newClient(t, r)
	c.request(1, 2, 10, "")
	c.wants("true", "re 1 2.10 1 ")
	if c.queue.Handling() {
		t.Error("the queue is still handling")
	}
}

func TestMistakesOfSetUpPanicWithAClearText(t *testing.T) {
	nothing := func(_ uint8, _ uint16, _ []byte, _ *user.User, next func(error)) { next(nil) }
	frozen := newRouter()
	frozen.Freeze()
	for want, f := range map[string]func(){
		"ver 0 and 1 belong to the engine": func() { newRouter().Handle(1, 10, nothing) },
		"ver 0 cmd 7":                      func() { newRouter().Handle(0, 7, nothing) },
		"the handler is nil":               func() { newRouter().Handle(2, 10, nil) },
		"before the node starts":           func() { frozen.Handle(2, 10, nothing) },
	} {
		func() {
			defer func() {
				if text := fmt.Sprint(recover()); !strings.Contains(text, want) {
					t.Errorf("panic %q, want %q", text, want)
				}
			}()
			f()
		}()
	}
}

// noted is a task that writes its name.
type noted struct {
	mu   *sync.Mutex
	list *[]int
	n    int
	wait chan struct{}
}

func (n noted) Run() {
	if n.wait != nil {
		<-n.wait
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	*n.list = append(*n.list, n.n)
}

func TestAnExecutorRunsTasksInOrderUpToItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var executor command.SerialExecutor
		var mu sync.Mutex
		var list []int
		wait := make(chan struct{})
		if !executor.Idle() {
			t.Error("a new executor is not idle")
		}
		executor.Do(noted{&mu, &list, 0, wait}, 0)
		synctest.Wait()
		for i := 1; i <= 100; i++ {
			if ok := executor.Do(noted{&mu, &list, i, nil}, 90); ok != (i <= 90) {
				t.Errorf("task %d: %t", i, ok)
			}
		}
		if executor.Waiting() != 90 || executor.Idle() {
			t.Errorf("waiting %d, idle %t", executor.Waiting(), executor.Idle())
		}
		close(wait)
		synctest.Wait()
		if len(list) != 91 || list[0] != 0 || list[90] != 90 || !executor.Idle() || executor.Waiting() != 0 {
			t.Errorf("%v", list)
		}
		executor.Do(noted{&mu, &list, 91, nil}, 0)
		synctest.Wait()
		if list[len(list)-1] != 91 {
			t.Error("the executor did not run again")
		}
	})
}

func TestAnExecutorWithManyCallers(t *testing.T) {
	var executor command.SerialExecutor
	var mu sync.Mutex
	var list []int
	var wg, all sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 500 {
				all.Add(1)
				executor.Do(counted{noted{&mu, &list, g*1000 + i, nil}, &all}, 0)
			}
		})
	}
	wg.Wait()
	all.Wait()
	last := map[int]int{}
	for _, n := range list {
		if n%1000 != last[n/1000] {
			t.Fatalf("giver %d: task %d, want %d", n/1000, n%1000, last[n/1000])
		}
		last[n/1000]++
	}
}

type counted struct {
	noted

	all *sync.WaitGroup
}

func (c counted) Run() {
	c.noted.Run()
	c.all.Done()
}

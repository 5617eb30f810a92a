package command_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/user"
)

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

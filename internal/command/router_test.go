package command_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/user"
)

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

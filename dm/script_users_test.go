package dm_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// people are the commands that users and servers give.
func (s *story) people() map[string]func(words) error {
	speak := func(f func(x *session, to, text string)) func(words) error {
		return func(w words) error {
			x := s.live(w.at(1))
			if x == nil || !x.node.serves() {
				return errNot
			}
			f(x, w.at(2), w.from(3))

			return nil
		}
	}
	login := func(w words) error {
		nd := s.node(w.at(2))
		if nd == nil || !nd.serves() {
			return errNot
		}
		if !s.history {
			time.Sleep(300 * time.Microsecond) // between the ticks at which packets arrive: what a script tells has one outcome
		}
		s.loginAt(w.at(1), nd)

		return nil
	}

	return map[string]func(words) error{
		"login": login,
		"move":  login,
		"blank": func(w words) error { // blank clerk n1 ann: a user of the server's, without a client, of ann's user ID; else of its own name
			nd, id := s.node(w.at(2)), w.at(3)
			if nd == nil {
				return errNot
			}
			if id == "" {
				id = w.at(1)
			}
			p := &person{t: s.t, node: nd, id: w.at(1), u: user.CreateBlankUser("", id)}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.blanks[p.id] = &session{person: p, label: p.id + "@" + nd.name, began: 1}

			return nil
		},
		"send": speak(s.send),
		"late": func(w words) error { // by a session that is over
			s.mu.Lock()
			var x *session
			for _, y := range s.sessions {
				if y.id == w.at(1) && y.ended > 0 && y.began > 0 && !y.node.crashed.Load() {
					x = y
				}
			}
			s.mu.Unlock()
			if x == nil {
				return errNot
			}
			s.send(x, w.at(2), w.from(3))

			return nil
		},
		"burst": func(w words) error { // burst alice bob 3 a: sends a1 a2 a3
			x := s.live(w.at(1))
			n, err := strconv.Atoi(w.at(3))
			if x == nil || err != nil || !x.node.serves() {
				return errNot
			}
			for i := range n {
				s.send(x, w.at(2), fmt.Sprint(w.at(4), i+1))
			}

			return nil
		},
		"big": func(w words) error { // big alice bob 65537: a message of so many bytes
			n, err := strconv.Atoi(w.at(3))
			s.send(s.live(w.at(1)), w.at(2), strings.Repeat("x", n))

			return err
		},
		"ask":     speak(s.ask),
		"connect": speak(s.connect),
		"clear": speak(func(x *session, to, text string) {
			if text != "" {
				l := s.newLetter(x, to, text)
				l.ends, l.silent = true, true
			}
			x.node.dm.ClearCacheByUserID(x.u, to, 2, 12, []byte(text))
		}),
		"disconnect": speak(s.disconnect),
		"request": func(w words) error { // request alice 701 bob hi: a built-in command of alice's client
			x := s.live(w.at(1))
			cmd, err := strconv.Atoi(w.at(2))
			if x == nil || err != nil {
				return errNot
			}
			peer := w.at(3)
			x.node.router.Dispatch(&x.line, request(x.u, 1, uint16(cmd), append(append([]byte{byte(len(peer))}, peer...), w.from(4)...)))

			return nil
		},
		"leave": speak(func(x *session, _, _ string) { s.leave(x) }),
		"kick":  speak(func(x *session, _, _ string) { x.u.Disconnect() }),
	}
}

// leave ends a session; it does not wait for callbacks.
func (s *story) leave(x *session) {
	s.mu.Lock()
	s.count++
	x.ended = s.count
	s.mu.Unlock()
	s.meanwhile.Go(x.quits)
	synctest.Wait()
}

// ask sends with a receipt.
func (s *story) ask(x *session, to, text string) {
	l := s.newLetter(x, to, text)
	s.meanwhile.Go(func() {
		r, err := x.node.dm.Send(context.Background(), x.u, to, dm.Message{Ver: 2, Cmd: 11, Body: []byte(text)})
		told := describe(err)
		if err == nil {
			told = r.Result.String()
		}
		s.outcome(l, err, told)
	})
	synctest.Wait()
}

func (s *story) connect(x *session, to, _ string) {
	s.meanwhile.Go(func() {
		r, err := x.node.dm.Connect(context.Background(), x.u, to)
		s.receipt(x, "connection", to, r, err)
	})
	synctest.Wait()
}

func (s *story) disconnect(x *session, to, text string) {
	s.meanwhile.Go(func() {
		r, err := x.node.dm.Disconnect(context.Background(), x.u, to, dm.Message{Ver: 2, Cmd: 12, Body: []byte(text)})
		s.receipt(x, "disconnection", to, r, err)
	})
	synctest.Wait()
}

func (s *story) receipt(x *session, what, to string, r dm.Receipt, err error) {
	told := describe(err)
	if err == nil {
		told = r.Result.String()
	}
	if err == nil && r.Result == 0 {
		told = "there is no channel"
	}
	if !x.node.crashed.Load() {
		s.notef(x.label, 0, 0, "%s: %s to %s: %s", x.label, what, to, told)
	}
}

package dm_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// words are those of a command.
type words []string

func (w words) at(i int) string {
	if i < len(w) {
		return w[i]
	}

	return ""
}

func (w words) from(i int) string { return strings.Join(w[min(i, len(w)):], " ") }

// do does one command.
func (s *story) do(text string) error {
	w := words(strings.Fields(text))
	s.calm.notes(w)
	if w[0] == "meanwhile" { // a command that takes time goes on while the story does
		s.meanwhile.Go(func() {
			if err := s.perform(w[1:]); err != nil && !s.history {
				s.t.Errorf("%s: %v", text, err)
			}
		})

		return nil
	}

	return s.perform(w)
}

func (s *story) perform(w words) error {
	for _, group := range []map[string]func(words) error{s.people(), s.behaviour(), s.network(), s.watching()} {
		if f := group[w[0]]; f != nil {
			return f(w)
		}
	}

	return fmt.Errorf("no such command: %s", w[0])
}

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

// behaviour are the commands that say how callbacks and clients behave.
func (s *story) behaviour() map[string]func(words) error {
	manner := func(w words) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mannerLocked(w.at(1)).act = w.at(0)

		return nil
	}
	client := func(f func(p *person)) func(words) error {
		return func(w words) error {
			x := s.live(w.at(1))
			if x == nil || x.u.IsBlank() {
				return errNot
			}
			f(x.person)

			return nil
		}
	}
	set := func(flag func(p *person) *bool, to bool) func(p *person) {
		return func(p *person) {
			p.mu.Lock()
			defer p.mu.Unlock()
			*flag(p) = to
		}
	}
	stalled, full := func(p *person) *bool { return &p.stalled }, func(p *person) *bool { return &p.full }

	return map[string]func(words) error{
		"decline": manner, "empty": manner, "rewrite": manner, "panic": manner, "slip": manner, "accept": manner,
		"hold": func(w words) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			kind := w.at(2)
			if kind == "" {
				kind = "receive"
			}
			if m := s.mannerLocked(w.at(1)); m.gates[kind] == nil {
				m.gates[kind] = make(chan struct{})
			}

			return nil
		},
		"release": func(w words) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			m := s.mannerLocked(w.at(1))
			for kind, gate := range m.gates {
				close(gate)
				delete(m.gates, kind)
			}

			return nil
		},
		"farewell": func(w words) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.mannerLocked(w.at(1)).farewell = w.from(2)

			return nil
		},
		"stall": client(set(stalled, true)), "unstall": client((*person).unstall),
		"full": client(set(full, true)), "roomy": client(set(full, false)),
	}
}

// network are the commands that act on nodes and on what is between them.
func (s *story) network() map[string]func(words) error {
	on := func(f func(nd *node)) func(words) error {
		return func(w words) error {
			nd := s.node(w.at(1))
			if nd == nil {
				return errNot
			}
			f(nd)

			return nil
		}
	}
	between := func(f func(a, b *node)) func(words) error {
		return func(w words) error {
			a, b := s.node(w.at(1)), s.node(w.at(2))
			if a == nil || b == nil || a == b {
				return errNot
			}
			f(a, b)

			return nil
		}
	}
	start := func(w words) error {
		for _, name := range w[1:] {
			if s.node(name) != nil {
				return errNot
			}
			s.begin(name)
		}
		time.Sleep(time.Second) // until all see all

		return nil
	}

	return map[string]func(words) error{
		"node": start, "restart": start,
		"crash": on((*node).crash),
		"stop":  on(func(nd *node) { s.meanwhile.Go(nd.stop) }),
		"cutoff": on(func(nd *node) {
			if !s.lost[nd] {
				s.lost[nd] = true
				s.isolate(nd)
			}
		}),
		"restore": on(s.restore),
		"freeze":  on((*node).freeze),
		"thaw":    on((*node).thaw),
		"cut": between(func(a, b *node) {
			s.cuts[[2]*node{a, b}] = true
			s.cut(a, b)
		}),
		"heal":  between(s.heal),
		"break": between(s.breakLink), // what connects two nodes breaks
		"delay": func(w words) error { // delay n1 n2 20ms: one way
			d, err := time.ParseDuration(w.at(3))
			s.mu.Lock()
			defer s.mu.Unlock()
			s.delays[[2]string{w.at(1), w.at(2)}] = d

			return err
		},
		"jitter": func(w words) error { // jitter 3ms 7: up to so much more, by that seed
			d, err := time.ParseDuration(w.at(1))
			seed, _ := strconv.ParseUint(w.at(2), 10, 64)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.jitter, s.rng = d, rand.New(rand.NewPCG(seed, seed))

			return err
		},
		"lag": func(w words) (err error) { // lag 800us: the steps of logins and ends, and callbacks, take up to so long
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lag, err = time.ParseDuration(w.at(1))

			return err
		},
		"idleafter": func(w words) (err error) {
			s.settings.ChannelIdleTimeout, err = time.ParseDuration(w.at(1))

			return err
		},
		"atmost": func(w words) (err error) {
			s.settings.MaxChannelsPerUser, err = strconv.Atoi(w.at(1))

			return err
		},
	}
}

// watching are the commands that let time pass and look at what there is.
func (s *story) watching() map[string]func(words) error {
	return map[string]func(words) error{
		"mend": func(words) error {
			s.mend()

			return nil
		},
		"wait": func(w words) error {
			d, err := time.ParseDuration(w.at(1))
			rest(d)

			return err
		},
		"settle": func(words) error {
			rest(8 * time.Second)

			return nil
		},
		"idle": func(words) error {
			rest(s.settings.ChannelIdleTimeout + 2*time.Second)

			return nil
		},
		"callbacks": func(words) error {
			s.loud = true

			return nil
		},
		"channels": func(words) error {
			rest(paragraph)
			for _, id := range s.users() {
				x := s.live(id)
				if x == nil {
					continue
				}
				text := x.channels()
				if text == "" {
					text = "nobody"
				}
				s.notef(x.label, 2, 0, "%s has channels with %s", x.label, text)
			}

			return nil
		},
		"holdings": func(words) error {
			rest(paragraph)
			for _, nd := range s.nodes {
				if nd.crashed.Load() {
					continue
				}
				h := nd.dm.Holds()
				s.notef(nd.name, 3, 0, "%s holds %d sessions, %d channels, %d lookups, %d messages of %d bytes; %d users are claimed there",
					nd.name, h.Sessions, h.Channels, h.Lookups, h.Items, h.Bytes, nd.entries())
			}

			return nil
		},
	}
}

func (s *story) restore(nd *node) {
	if s.lost[nd] { // also of one that has crashed: the cut would stay for the node that is started in its place
		s.cluster.restore(nd)
	}
	delete(s.lost, nd)
}

func (s *story) heal(a, b *node) {
	if s.cuts[[2]*node{a, b}] || s.cuts[[2]*node{b, a}] {
		s.cluster.heal(a, b)
	}
	delete(s.cuts, [2]*node{a, b})
	delete(s.cuts, [2]*node{b, a})
}

// mend ends all that stands in the way.
func (s *story) mend() {
	for _, nd := range s.nodes {
		if !nd.crashed.Load() {
			nd.thaw()
		}
	}
	for nd := range s.lost {
		s.restore(nd)
	}
	for c := range s.cuts {
		s.heal(c[0], c[1])
	}
	s.mu.Lock()
	sessions := s.sessions
	for _, m := range s.manners {
		m.act = ""
		for kind, gate := range m.gates {
			close(gate)
			delete(m.gates, kind)
		}
	}
	s.mu.Unlock()
	for _, x := range sessions {
		x.mu.Lock()
		x.full = false
		x.mu.Unlock()
		x.unstall()
	}
}

// remains returns a function that tells whether anything is left of what the node's sessions of now
// hold.
func (nd *node) remains() func() error {
	f := nd.dm.Remains()

	return func() error {
		if h := f(); h != (dm.Holdings{}) && !nd.crashed.Load() {
			return fmt.Errorf("%s: sessions that have gone still hold %+v", nd.name, h)
		}

		return nil
	}
}

package link

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/link/memnet"
	"github.com/parley-dm/parley/internal/node"
)

const secret = "a secret of this test"

// recorder is a Handler that notes what it is told.
type recorder struct {
	on func(l *Link, port uint8, packet []byte) // called with each packet; nil: it is noted
	at func() time.Duration

	mu     sync.Mutex
	events []string // guarded by mu
	up     map[*Link]bool
	wrong  []string // guarded by mu; calls out of order
	downs  []down   // guarded by mu
	hold   time.Duration
	inCall map[node.ID]bool
}

type down struct {
	peer   node.ID
	number uint64
	reason error
	at     time.Duration
}

func (r *recorder) enter(l *Link, what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.up == nil {
		r.up, r.inCall = make(map[*Link]bool), make(map[node.ID]bool)
	}
	if r.inCall[l.Peer()] {
		r.wrong = append(r.wrong, what+" at the same time as another call")
	}
	r.inCall[l.Peer()] = true
	switch up := r.up[l]; {
	case what == "up":
		for other, isUp := range r.up {
			if isUp && other.Peer() == l.Peer() {
				r.wrong = append(r.wrong, "up before the other link is down")
			}
		}
		if _, was := r.up[l]; was {
			r.wrong = append(r.wrong, "up twice")
		}
		r.up[l] = true
	case !up:
		r.wrong = append(r.wrong, what+" without up")
	case what == "down":
		r.up[l] = false
	}
}

func (r *recorder) leave(l *Link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inCall[l.Peer()] = false
}

func (r *recorder) notef(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, fmt.Sprintf(format, args...))
}

func (r *recorder) LinkUp(l *Link) {
	r.enter(l, "up")
	defer r.leave(l)
	r.notef("up %s %d", l.Peer().Name, l.Number())
}

func (r *recorder) HandlePacket(l *Link, port uint8, packet []byte) {
	r.enter(l, "packet")
	defer r.leave(l)
	if r.on != nil {
		r.on(l, port, packet)

		return
	}
	r.notef("packet %d %s", port, packet)
}

func (r *recorder) LinkDown(l *Link, reason error) {
	r.enter(l, "down")
	defer r.leave(l)
	if r.hold > 0 {
		time.Sleep(r.hold)
	}
	r.notef("down %s %d: %s", l.Peer().Name, l.Number(), reasonName(reason))
	r.mu.Lock()
	defer r.mu.Unlock()
	d := down{peer: l.Peer(), number: l.Number(), reason: reason}
	if r.at != nil {
		d.at = r.at()
	}
	r.downs = append(r.downs, d)
}

func (r *recorder) Resumed() { r.notef("resumed") }

func (r *recorder) Paused(gap time.Duration) {
	r.mu.Lock()
	for _, up := range r.up {
		if up {
			r.wrong = append(r.wrong, "paused with a link up")
		}
	}
	r.mu.Unlock()
	r.notef("paused")
}

// list returns the events without those of the lease.
func (r *recorder) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()

	return slices.DeleteFunc(slices.Clone(r.events), func(e string) bool { return e == "resumed" })
}

func (r *recorder) has(event string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()

	return slices.Contains(r.events, event)
}

func (r *recorder) count(event string) (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if e == event {
			n++
		}
	}

	return n
}

// member is an endpoint of a test, in a memory network or a real one.
type member struct {
	*Endpoint
	*recorder

	id   node.ID
	host *memnet.Host
}

// world is a memory network in a bubble.
type world struct {
	t   *testing.T
	net *memnet.Net
	all []*member
}

// bubble runs f with a memory network in virtual time.
func bubble(t *testing.T, delay time.Duration, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, net: memnet.New(memnet.Options{Delay: func(string, string) time.Duration { return delay }})}
		defer func() {
			for _, m := range w.all {
				m.host.Thaw()
			}
			for _, m := range w.all {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				if err := m.Close(ctx); err != nil {
					t.Errorf("%s: closing: %v", m.id.Name, err)
				}
				cancel()
				m.recorder.mu.Lock()
				for _, wrong := range m.wrong {
					t.Errorf("%s: %s", m.id.Name, wrong)
				}
				m.recorder.mu.Unlock()
			}
		}()
		f(w)
	})
}

// start begins a node. Nodes with a higher incarnation have the higher ID.
func (w *world) start(name string, incarnation uint64, change ...func(*Config)) *member {
	w.t.Helper()
	host := w.net.Host(name)
	m := &member{recorder: &recorder{at: w.net.Clock}, id: node.ID{Name: name, Incarnation: incarnation}, host: host}
	cfg := Config{
		Self: m.id, Secret: secret, Network: host, Addr: name + ":7", Handler: m.recorder, Clock: w.net.Clock, Gate: host.Gate,
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if m.Endpoint, err = Listen(context.Background(), cfg); err != nil {
		w.t.Fatal(err)
	}
	w.all = append(w.all, m)

	return m
}

// pair begins two nodes with a link.
func (w *world) pair(change ...func(*Config)) (a, b *member) {
	w.t.Helper()
	a, b = w.start("a", 1, change...), w.start("b", 2, change...)
	a.Want(b.id, b.Advertised())
	b.Want(a.id, a.Advertised())
	w.within(time.Second, "a link", func() bool { return a.To(b.id) != nil && b.To(a.id) != nil && a.Leased() && b.Leased() })

	return a, b
}

// within waits in virtual time, by a millisecond.
func (w *world) within(d time.Duration, what string, cond func() bool) time.Duration {
	w.t.Helper()
	began := w.net.Clock()
	for {
		synctest.Wait()
		if cond() {
			return w.net.Clock() - began
		}
		if w.net.Clock()-began > d {
			w.t.Fatalf("after %v not yet: %s", d, what)
		}
		time.Sleep(time.Millisecond)
	}
}

// sequence is a packet with a number.
func sequence(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

// inOrder checks that sequence packets come one after another, from 1.
type inOrder struct {
	mu  sync.Mutex
	got int
	bad string
}

func (o *inOrder) take(_ *Link, _ uint8, packet []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := int(binary.BigEndian.Uint64(packet))
	if n != o.got+1 && o.bad == "" {
		o.bad = fmt.Sprintf("%d after %d", n, o.got)
	}
	o.got = n
}

func (o *inOrder) state() (got int, bad string) {
	o.mu.Lock()
	defer o.mu.Unlock()

	return o.got, o.bad
}

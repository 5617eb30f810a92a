package link

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/testkit"
)

// open begins a node on loopback.
func open(tb testing.TB, name string, incarnation uint64, change ...func(*Config)) *member {
	tb.Helper()
	m := &member{recorder: &recorder{}, id: node.ID{Name: name, Incarnation: incarnation}}
	// Time is virtual where it matters: here other processes may take this one's.
	timing := Timing{Suspend: 10 * time.Second, Failure: 15 * time.Second}
	cfg := Config{Self: m.id, Secret: secret, Handler: m.recorder, Timing: timing}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if m.Endpoint, err = Listen(context.Background(), cfg); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			tb.Error(err)
		}
		m.recorder.mu.Lock()
		defer m.recorder.mu.Unlock()
		for _, wrong := range m.wrong {
			tb.Errorf("%s: %s", name, wrong)
		}
	})

	return m
}

// join gives two nodes a link.
func join(t *testing.T, a, b *member) {
	t.Helper()
	a.Want(b.id, b.Advertised())
	b.Want(a.id, a.Advertised())
	testkit.Eventually(t, "a link", func() bool { return a.To(b.id) != nil && b.To(a.id) != nil })
}

// proxy stands before an address and can cut the connections that go through it.
type proxy struct {
	ln net.Listener
	to string

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
}

func newProxy(t *testing.T) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{ln: ln}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			p.mu.Lock()
			to := p.to
			p.mu.Unlock()
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()

				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			wg.Go(func() { _, _ = io.Copy(in, out); in.Close(); out.Close() })
			wg.Go(func() { _, _ = io.Copy(out, in); in.Close(); out.Close() })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		p.breakAll()
		wg.Wait()
	})

	return p
}

// lead has the proxy lead to an address.
func (p *proxy) lead(to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.to = to
}

// breakAll resets all connections.
func (p *proxy) breakAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		c.Close()
	}
	p.conns = nil
}

func TestRealConnectionsThatBreakLoseAndDoubleNothing(t *testing.T) {
	const packets, senders = 3000, 4
	pa, pb := newProxy(t), newProxy(t)
	var mu sync.Mutex
	got := make(map[string][senders]int)
	take := func(l *Link, port uint8, packet []byte) {
		mu.Lock()
		defer mu.Unlock()
		counts := got[l.Peer().Name]
		if n := int(packet[0])<<8 | int(packet[1]); n != counts[port] {
			t.Errorf("%d after %d", n, counts[port])
		}
		counts[port]++
		got[l.Peer().Name] = counts
	}
	cork := new(Cork)
	a := open(t, "a", 1, func(c *Config) { c.Advertise, c.Cork = pa.ln.Addr().String(), cork })
	b := open(t, "b", 2, func(c *Config) { c.Advertise = pb.ln.Addr().String() })
	a.on, b.on = take, take
	pa.lead(a.Addr())
	pb.lead(b.Addr())
	join(t, a, b)
	var wg sync.WaitGroup
	for _, m := range []*member{a, b} {
		l := m.Links()[0]
		for s := range senders {
			wg.Go(func() {
				for i := range packets {
					packet := make([]byte, 2+(i*37)%3000)
					packet[0], packet[1] = byte(i>>8), byte(i)
					send := l.Send
					if (i+s)%5 == 0 {
						send = l.SendLater
					}
					if i%7 == 0 {
						cork.Begin()
					}
					if err := send(uint8(s), packet); err != nil {
						t.Error(err)
					}
					if i%7 == 0 {
						cork.End()
					}
					if i%20 == 0 {
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
	}
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	for running := true; running; {
		select {
		case <-finished:
			running = false
		case <-time.After(30 * time.Millisecond):
			pa.breakAll()
			pb.breakAll()
		}
	}
	testkit.Eventually(t, "all packets", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, name := range []string{"a", "b"} {
			for _, n := range got[name] {
				if n != packets {
					return false
				}
			}
		}

		return len(got) == 2
	})
	if s := a.Stats(); s.Resumes == 0 || len(s.Ended) > 0 {
		t.Errorf("%+v", s)
	} else {
		t.Logf("%+v", s)
	}
}

func TestARealProcessThatDiesIsNoticedAtOnce(t *testing.T) {
	best := time.Hour // other processes may take this one's time
	for range 5 {
		pb := newProxy(t)
		a := open(t, "a", 1)
		b := open(t, "b", 2, func(c *Config) { c.Advertise = pb.ln.Addr().String() })
		pb.lead(b.Addr())
		a.Want(b.id, pb.ln.Addr().String())
		testkit.Eventually(t, "a link", func() bool { return a.To(b.id) != nil })
		began := time.Now()
		pb.ln.Close()
		pb.breakAll()
		testkit.Eventually(t, "the end is noticed", func() bool { return a.has("down b 1: gone") })
		best = min(best, time.Since(began))
	}
	if best > 50*time.Millisecond {
		t.Errorf("it took %v", best)
	}
}

func TestLongPacketsPass(t *testing.T) {
	const long = 9 << 20
	a, b := open(t, "a", 1), open(t, "b", 2)
	var mu sync.Mutex
	sizes, bad := 0, false
	b.on = func(_ *Link, _ uint8, packet []byte) {
		mu.Lock()
		defer mu.Unlock()
		sizes += len(packet)
		for i := 0; i < len(packet); i += 4099 {
			bad = bad || packet[i] != byte(i>>12)
		}
	}
	join(t, a, b)
	l := a.To(b.id)
	packet := make([]byte, long)
	for i := range packet {
		packet[i] = byte(i >> 12)
	}
	total := 0
	for i := range 5 {
		size := long >> i
		for _, p := range [][]byte{packet[:size], packet[:100]} {
			if err := l.Send(1, p); err != nil {
				t.Fatal(err)
			}
			total += len(p)
		}
	}
	defer func() {
		if t.Failed() {
			l.mu.Lock()
			t.Logf("%v %v; %d of %d, %v; %+v", a.list(), b.list(), sizes, total, bad, l.log)
			l.mu.Unlock()
		}
	}()
	testkit.Eventually(t, "all", func() bool { mu.Lock(); defer mu.Unlock(); return sizes == total && !bad })
	testkit.Eventually(t, "the buffers are free", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()

		return l.log.bytes <= segmentSize && len(l.log.segs) <= 1
	})
}

func TestAFloodIsHeldBackByTheReader(t *testing.T) {
	const bound = 1 << 20
	a := open(t, "a", 1, func(c *Config) { c.QueueBytes = bound })
	b := open(t, "b", 2)
	var mu sync.Mutex
	got := 0
	b.on = func(*Link, uint8, []byte) { mu.Lock(); got++; mu.Unlock() }
	join(t, a, b)
	l := a.To(b.id)
	mu.Lock() // the reader waits
	sent, packet := 0, make([]byte, 1000)
	for ; ; sent++ {
		if err := l.Send(1, packet); err != nil {
			break
		}
	}
	if sent*1000 > bound {
		t.Errorf("%d packets", sent)
	}
	mu.Unlock()
	testkit.Eventually(t, "the flood", func() bool { mu.Lock(); defer mu.Unlock(); return got == sent })
	testkit.Eventually(t, "room", func() bool { return l.Send(1, packet) == nil })
}

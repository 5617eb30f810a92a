package chaos

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"time"
)

// lag measures how long the network takes to carry a packet, continuously. The run is the network:
// on a busy machine it may not run for a while, and then every link is silent, though nothing
// failed.
//
//	clients ─ echo request ─▶ network ─▶ outside ─ echo ─▶ network ─▶ clients
type lag struct {
	mu      sync.Mutex
	outages []span        // guarded by mu: when it took too long
	slow    []span        // guarded by mu: when it took long enough to count where times are judged
	longest time.Duration // guarded by mu
}

const (
	lagEvery   = 25 * time.Millisecond
	lagSlow    = 2 * lagEvery
	lagTooLong = failureTimeout / 3 // the nodes have delays of their own on such a machine
)

// watch measures until ctx ends.
func (l *lag) watch(ctx context.Context, n network, now func() moment) error {
	echo, err := n.listenPacket(outside)
	if err != nil {
		return err
	}
	var both sync.WaitGroup
	defer both.Wait()
	defer func() { _ = echo.Close() }()
	both.Go(func() { echoPackets(echo) })
	c, err := n.dial(ctx, clients, "udp", echo.LocalAddr().String())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	both.Go(func() { l.readEchoes(c, now) })
	var b [8]byte
	for sleep(ctx, lagEvery) == nil {
		binary.BigEndian.PutUint64(b[:], uint64(now()))
		_, _ = c.Write(b[:])
	}

	return nil
}

func echoPackets(c net.PacketConn) {
	var b [8]byte
	for {
		n, from, err := c.ReadFrom(b[:])
		if err != nil {
			return
		}
		_, _ = c.WriteTo(b[:n], from)
	}
}

// readEchoes records how long echoes took, and gaps between echoes.
func (l *lag) readEchoes(c net.Conn, now func() moment) {
	var b [8]byte
	last := now()
	for {
		if _, err := c.Read(b[:]); err != nil {
			return
		}
		at, sent := now(), moment(binary.BigEndian.Uint64(b[:]))
		l.add(min(sent, last), at)
		last = at
	}
}

// add notes that nothing was heard from one moment to another.
func (l *lag) add(from, to moment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	took := to.since(from)
	l.longest = max(l.longest, took)
	if took >= lagSlow {
		l.slow = join(l.slow, span{from, to})
	}
	if took >= lagTooLong {
		l.outages = join(l.outages, span{from, to})
	}
}

// join adds a span to those before it, of which it may overlap the last.
func join(spans []span, s span) []span {
	if k := len(spans); k > 0 && spans[k-1].to >= s.from {
		spans[k-1].to = s.to

		return spans
	}

	return append(spans, s)
}

// during is how much of some time the network took for itself.
func (l *lag) during(from, to moment) (d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.slow {
		if s.from < to && from < s.to {
			d += min(s.to, to).since(max(s.from, from))
		}
	}

	return d
}

// markFaulty marks all nodes as faulty while the network did not run, and until they have joined
// again.
func (l *lag) markFaulty(nodes []*node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.outages {
		for _, n := range nodes {
			n.mu.Lock()
			n.faultSpans = append(n.faultSpans, span{s.from.add(-failureTimeout), s.to.add(rejoinTime)})
			n.mu.Unlock()
		}
	}
}

func (l *lag) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()

	return fmt.Sprintf("the longest time in which it carried nothing %v; %d times over %v, in which no node counts as well",
		l.longest.Round(time.Millisecond), len(l.outages), lagTooLong)
}

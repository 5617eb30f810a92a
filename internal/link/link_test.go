package link

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

func TestTwoNodesGetOneLinkAndItCarriesPacketsInOrder(t *testing.T) {
	bubble(t, time.Millisecond, func(w *world) {
		a, b := w.pair()
		la, lb := a.To(b.id), b.To(a.id)
		if la.Number() != 1 || lb.Number() != 1 || la.Peer() != b.id || lb.Peer() != a.id || la.Addr() != b.Addr() || lb.Addr() != a.Addr() {
			t.Errorf("%+v, %+v", la, lb)
		}
		for i := range 3 {
			if err := la.Send(uint8(i), fmt.Append(nil, "a", i)); err != nil {
				t.Error(err)
			}
			if err := lb.SendLater(uint8(i), fmt.Append(nil, "b", i)); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := a.list(); !slices.Equal(got, []string{"up b 1", "packet 0 b0", "packet 1 b1", "packet 2 b2"}) {
			t.Error(got)
		}
		if got := b.list(); !slices.Equal(got, []string{"up a 1", "packet 0 a0", "packet 1 a1", "packet 2 a2"}) {
			t.Error(got)
		}
		if !a.Leased() || !b.Running() || la.Suspended() || len(a.Links()) != 1 {
			t.Error("the link does not rest well")
		}
		if s := a.Stats(); s.Links != 1 || s.Resumes != 0 || s.Retransmitted != 0 || s.PacketsSent > 60 || len(s.Ended) > 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestTheHigherNodesDialMakesTheLowerOneDial(t *testing.T) {
	bubble(t, time.Millisecond, func(w *world) {
		a, b := w.start("a", 1), w.start("b", 2)
		b.Want(a.id, a.Advertised())
		took := w.within(time.Second, "a link", func() bool { return a.To(b.id) != nil && b.To(a.id) != nil })
		if took > 30*time.Millisecond {
			t.Error(took)
		}
		if err := b.To(a.id).Send(1, []byte("hi")); err != nil {
			t.Error(err)
		}
		w.within(time.Second, "a packet", func() bool { return a.has("packet 1 hi") })
	})
}

// flood sends numbered packets both ways until stop, and returns how many.
func flood(w *world, from, to *member, every time.Duration, stop <-chan struct{}, sent *int, done chan<- struct{}) {
	defer close(done)
	for {
		select {
		case <-stop:
			return
		default:
		}
		l := from.To(to.id)
		if l == nil {
			w.t.Errorf("%s: no link", from.id.Name)

			return
		}
		send := l.Send
		if *sent%3 == 1 {
			send = l.SendLater
		}
		if err := send(1, append(sequence(*sent+1), make([]byte, rand.IntN(200))...)); err != nil {
			w.t.Errorf("%s: %v", from.id.Name, err)

			return
		}
		*sent++
		time.Sleep(rand.N(every))
	}
}

func TestBreaksLoseAndDoubleNothing(t *testing.T) {
	for _, delay := range []time.Duration{0, 3 * time.Millisecond, 40 * time.Millisecond} {
		bubble(t, delay, func(w *world) {
			var gotA, gotB inOrder
			a, b := w.pair()
			a.on, b.on = gotA.take, gotB.take
			stop := make(chan struct{})
			var sentA, sentB int
			doneA, doneB := make(chan struct{}), make(chan struct{})
			go flood(w, a, b, 5*time.Millisecond, stop, &sentA, doneA)
			go flood(w, b, a, 5*time.Millisecond, stop, &sentB, doneB)
			for i := range 100 {
				pause := rand.N(100*time.Millisecond + 5*delay)
				if i%3 > 0 { // otherwise within the resume
					pause += 12 * delay
				}
				time.Sleep(pause)
				w.net.Break("a", "b")
			}
			close(stop)
			<-doneA
			<-doneB
			w.within(3*time.Second, "all packets", func() bool {
				na, _ := gotA.state()
				nb, _ := gotB.state()

				return na == sentB && nb == sentA
			})
			for _, o := range []*inOrder{&gotA, &gotB} {
				if _, bad := o.state(); bad != "" {
					t.Error(bad)
				}
			}
			if s := a.Stats(); s.Resumes < 50 || s.Resumes > 100 || s.Retransmitted == 0 && delay > 0 || len(s.Ended) > 0 {
				t.Errorf("%+v", s)
			}
			t.Logf("delay %v: %d and %d packets, %+v", delay, sentA, sentB, a.Stats())
		})
	}
}

func TestACrashIsNoticedAtOnceAndARestartGetsANewLink(t *testing.T) {
	bubble(t, time.Millisecond, func(w *world) {
		a, b := w.pair()
		for _, victim := range []*member{b, a} { // the one that is dialed, and the one that dials
			other := a
			if victim == a {
				other = b
			}
			victim.host.Crash()
			took := w.within(time.Second, "the end", func() bool { return len(other.list()) > 0 && other.To(victim.id) == nil })
			if took > 10*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			if !other.has(fmt.Sprintf("down %s 1: gone", victim.id.Name)) {
				t.Error(other.list())
			}
			if victim == b {
				b = w.start("b", 3)
				a.Want(b.id, b.Advertised())
				w.within(time.Second, "a link", func() bool { return a.To(b.id) != nil && b.To(a.id) != nil })
			}
		}
	})
}

func TestAnotherIncarnationAtTheAddressEndsTheOldLink(t *testing.T) {
	for _, incarnation := range []uint64{1, 9} { // the node that stays is the higher one, or the lower one
		bubble(t, time.Millisecond, func(w *world) {
			a, b := w.start("a", 5), w.start("b", incarnation)
			a.Want(b.id, b.Advertised())
			w.within(time.Second, "a link", func() bool { return a.To(b.id) != nil })
			b.host.Crash()
			again := w.start("b", incarnation+1) // before anything is noticed
			took := w.within(time.Second, "the end", func() bool { return a.has("down b 1: gone") })
			if took > 15*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			again.Want(a.id, a.Advertised())
			w.within(time.Second, "a link", func() bool { return a.To(again.id) != nil })
		})
	}
}

func TestAGoodbyeEndsBothSidesBehindAllPackets(t *testing.T) {
	bubble(t, 5*time.Millisecond, func(w *world) {
		errLeaving := errors.New("leaving")
		var got inOrder
		a, b := w.pair()
		b.on = got.take
		for i := range 1000 {
			if err := a.To(b.id).Send(1, sequence(i+1)); err != nil {
				t.Fatal(err)
			}
		}
		a.Unwant(b.id)
		b.Unwant(a.id)
		l := a.To(b.id)
		a.EndAll(errLeaving)
		if a.To(b.id) != nil || !errors.Is(a.downs[0].reason, errLeaving) || !errors.Is(l.Send(1, nil), ErrEnded) || !errors.Is(l.Send(1, nil), node.ErrNoNode) {
			t.Error("not ended")
		}
		took := w.within(time.Second, "the end", func() bool { return b.has("down a 1: goodbye") })
		if n, bad := got.state(); n != 1000 || bad != "" || took > 20*time.Millisecond {
			t.Error(n, bad, took)
		}
		a.Want(b.id, b.Addr())
		w.within(time.Second, "a new link", func() bool { return b.has("up a 2") && a.has("up b 2") })
	})
}

func TestCloseSaysGoodbyeAndLeavesNothing(t *testing.T) {
	bubble(t, time.Millisecond, func(w *world) {
		a, b := w.pair()
		_ = a.To(b.id).Send(1, []byte("last"))
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
		w.within(time.Second, "the end", func() bool { return b.has("down a 1: goodbye") })
		if !b.has("packet 1 last") {
			t.Error(b.list())
		}
		if err := a.Close(context.Background()); err != nil {
			t.Error(err)
		}
		a.Want(b.id, b.Addr()) // of no use
		if _, err := a.Introduce(context.Background(), b.Addr()); err == nil {
			t.Error("introduced by a closed endpoint")
		}
	})
	bubble(t, time.Millisecond, func(w *world) { // the other side hears nothing
		a, b := w.pair()
		w.net.Cut("a", "b")
		_ = a.To(b.id).Send(1, []byte("last"))
		began := w.net.Clock()
		if err := a.Close(context.Background()); err != nil || w.net.Clock()-began > 1100*time.Millisecond {
			t.Error(err, w.net.Clock()-began)
		}
		w.net.Heal("a", "b")
	})
	bubble(t, time.Millisecond, func(w *world) { // in less time
		a, b := w.pair()
		w.net.Cut("a", "b")
		_ = a.To(b.id).Send(1, []byte("last"))
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		began := w.net.Clock()
		if err := a.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || w.net.Clock()-began > 110*time.Millisecond {
			t.Error(err, w.net.Clock()-began)
		}
		w.net.Heal("a", "b")
		_ = b
	})
}

func TestAQueueThatIsFullIsOverloadedUntilItIsRead(t *testing.T) {
	bubble(t, time.Millisecond, func(w *world) {
		var got inOrder
		const bound = 1 << 20
		a, b := w.pair(func(c *Config) { c.QueueBytes = bound })
		b.on = got.take
		l := a.To(b.id)
		if err := l.Send(1, make([]byte, 65<<20)); !errors.Is(err, ErrTooLarge) || !errors.Is(err, node.ErrTooLarge) {
			t.Error(err)
		}
		w.net.Cut("a", "b")
		sent := 0
		packet := make([]byte, 1000)
		for {
			copy(packet, sequence(sent+1))
			if err := l.Send(1, packet); err != nil {
				if !errors.Is(err, node.ErrOverloaded) {
					t.Fatal(err)
				}

				break
			}
			sent++
		}
		if sent < bound/1100 || sent > bound/1000 {
			t.Errorf("%d packets", sent)
		}
		w.net.Heal("a", "b")
		w.within(time.Second, "all", func() bool { n, bad := got.state(); return n == sent && bad == "" })
		w.within(time.Second, "room", func() bool {
			if l.Send(1, sequence(sent+1)) == nil {
				sent++

				return true
			}

			return false
		})
	})
}

func TestANodeThatCannotBeReachedIsDialedLessAndLess(t *testing.T) {
	bubble(t, time.Millisecond, func(w *world) {
		a := w.start("a", 1)
		other := node.ID{Name: "b", Incarnation: 2}
		a.Want(other, "b:7")
		time.Sleep(20 * time.Second)
		if n := a.attempts.Load(); n != 0 {
			t.Errorf("%d proposals", n)
		}
		a.Endpoint.mu.Lock()
		tries := a.peers[other].tries
		a.Endpoint.mu.Unlock()
		if tries < 12 || tries > 22 {
			t.Errorf("%d dials in 20 s", tries)
		}
		b := w.start("b", 2)
		w.within(2100*time.Millisecond, "a link", func() bool { return a.To(b.id) != nil })
	})
}

func TestASideThatHasEndedALinkRefusesItAndTheOtherEndsItAtOnce(t *testing.T) {
	for _, lower := range []bool{true, false} {
		bubble(t, time.Millisecond, func(w *world) {
			a, b := w.pair()
			first, second := a, b
			if !lower {
				first, second = b, a
			}
			first.Unwant(second.id)
			l := first.To(second.id)
			_ = l.Send(1, []byte("before"))
			first.Endpoint.end(l, ErrSilent, false, nil)
			took := w.within(time.Second, "the end", func() bool {
				return second.has(fmt.Sprintf("down %s 1: refused", first.id.Name))
			})
			if took > 20*time.Millisecond {
				t.Errorf("it took %v", took)
			}
			w.within(time.Second, "a new link", func() bool {
				la, lb := a.To(b.id), b.To(a.id)

				return la != nil && lb != nil && la.Number() == 2 && lb.Number() == 2
			})
		})
	}
}

// Of a link that is being created, answers are lost.
func TestALinkIsCreatedOnceThoughItsAnswersAreLost(t *testing.T) {
	for ms := range 14 {
		bubble(t, time.Millisecond, func(w *world) {
			a, b := w.start("a", 1), w.start("b", 2)
			a.Want(b.id, b.Advertised())
			time.Sleep(time.Duration(ms) * time.Millisecond)
			w.net.Break("a", "b")
			w.net.CutOneWay("b", "a")
			time.Sleep(200 * time.Millisecond)
			w.net.Break("a", "b")
			time.Sleep(time.Duration(ms*200) * time.Millisecond)
			w.net.Heal("a", "b")
			w.within(10*time.Second, "a link", func() bool {
				la, lb := a.To(b.id), b.To(a.id)

				return la != nil && lb != nil && la.Number() == lb.Number() && a.Leased() && b.Leased()
			})
			_ = a.To(b.id).Send(1, []byte("hi"))
			w.within(time.Second, "a packet", func() bool { return b.has("packet 1 hi") })
		})
	}
}

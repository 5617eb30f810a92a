package link

import (
	"errors"
	"fmt"
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

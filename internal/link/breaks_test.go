package link

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

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

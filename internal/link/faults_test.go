package link

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestACutShorterThanTheFailureTimeoutIsSurvived(t *testing.T) {
	for _, oneWay := range []bool{false, true} {
		for _, ms := range []int{100, 500, 900, 1100, 1400} {
			bubble(t, time.Millisecond, func(w *world) {
				a, b := w.pair()
				if oneWay {
					w.net.CutOneWay("a", "b")
				} else {
					w.net.Cut("a", "b")
				}
				_ = a.To(b.id).Send(1, []byte("through"))
				// The last beat before the cut is up to 250 ms old.
				time.Sleep(time.Duration(ms)*time.Millisecond - 300*time.Millisecond*time.Duration(ms/1400))
				w.net.Heal("a", "b")
				w.within(time.Second, "the lease", func() bool { return a.Leased() && b.Leased() && b.has("packet 1 through") })
				if a.has("down b 1: silent") || b.has("down a 1: silent") {
					t.Errorf("%d ms: %v, %v", ms, a.list(), b.list())
				}
			})
		}
	}
}

func TestALongerCutEndsBothSidesAndTheyMeetAgain(t *testing.T) {
	for _, oneWay := range []bool{false, true} {
		bubble(t, time.Millisecond, func(w *world) {
			a, b := w.pair()
			if oneWay {
				w.net.CutOneWay("a", "b")
			} else {
				w.net.Cut("a", "b")
			}
			w.within(1600*time.Millisecond, "the end at b", func() bool { return b.has("down a 1: silent") })
			_ = a
			w.within(1600*time.Millisecond, "the end at a", func() bool { return a.has("down b 1: silent") || a.has("down b 1: refused") })
			w.net.Heal("a", "b")
			w.within(3*time.Second, "a new link", func() bool { return a.To(b.id) != nil && b.To(a.id) != nil })
			if la, lb := a.To(b.id), b.To(a.id); la.Number() != lb.Number() || la.Number() < 2 {
				t.Error(la.Number(), lb.Number())
			}
		})
	}
}

func TestASuspendedLinkHandlesNothingUntilItResumes(t *testing.T) {
	bubble(t, time.Millisecond, func(w *world) {
		var got inOrder
		a, b := w.pair()
		a.on = got.take
		time.Sleep(2 * time.Second)
		w.net.CutOneWay("a", "b") // a hears b, and is not heard
		w.within(1100*time.Millisecond, "suspended", a.To(b.id).Suspended)
		if a.Leased() || a.has("resumed") {
			t.Error("leased")
		}
		before, _ := got.state()
		for i := range 50 {
			_ = b.To(a.id).Send(1, sequence(i+1))
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if n, _ := got.state(); n != before {
			t.Errorf("%d handled on a suspended link", n)
		}
		w.net.Heal("a", "b")
		w.within(time.Second, "all", func() bool { n, bad := got.state(); return n == 50 && bad == "" && a.has("resumed") && a.Leased() })
		if a.has("down b 1: silent") || b.has("down a 1: silent") {
			t.Error("it ended")
		}
	})
}

// TestFrozen freezes one of two nodes while the other sends.
func TestAFrozenNodeHandlesNothingOfALinkThatTheOtherHasEnded(t *testing.T) {
	for _, freeze := range []int{500, 900, 1100, 1300, 2000, 5000} {
		for _, higher := range []bool{false, true} {
			bubble(t, time.Millisecond, func(w *world) {
				freeze := time.Duration(freeze) * time.Millisecond
				a, b := w.pair()
				if higher {
					a, b = b, a
				}
				time.Sleep(time.Duration(rand.IntN(1000)) * time.Millisecond)
				number := a.To(b.id).Number()
				a.host.Freeze()
				for i := range int(freeze / (10 * time.Millisecond)) {
					if l := b.To(a.id); l != nil {
						_ = l.Send(1, fmt.Append(nil, l.Number(), i))
					}
					time.Sleep(10 * time.Millisecond)
				}
				ended := b.To(a.id) == nil
				a.host.Thaw()
				paused := freeze > 1050*time.Millisecond
				if freeze >= 1000*time.Millisecond && (a.Running() || a.Leased()) {
					t.Error("it runs at once")
				}
				w.within(6*time.Second, "a link", func() bool {
					la, lb := a.To(b.id), b.To(a.id)

					return la != nil && lb != nil && la.Number() == lb.Number() && a.Leased() && b.Leased()
				})
				now := a.To(b.id).Number()
				handled := 0
				for _, e := range a.list() {
					if strings.HasPrefix(e, fmt.Sprintf("packet 1 %d", number)) {
						handled++
					}
				}
				switch {
				case paused && (now == number || handled > 0 || !a.has("paused")):
					t.Errorf("frozen for %v: link %d, %d packets handled, %v", freeze, now, handled, a.list())
				case !paused && (now != number || handled == 0 || a.has("paused") || ended):
					t.Errorf("frozen for %v: link %d, %d packets handled, %v", freeze, now, handled, a.list())
				}
			})
		}
	}
}

func TestLeasedIsFalseWellBeforeTheOtherSideGivesUp(t *testing.T) {
	for seed := range seeds(40) {
		bubble(t, time.Millisecond, func(w *world) {
			r := rand.New(rand.NewPCG(seed, 1))
			a, b := w.pair()
			end := w.net.Clock() + time.Minute
			unleased := map[*member]time.Duration{a: -1, b: -1} // since when Leased is false
			seen := map[*member]int{}
			next := w.net.Clock()
			for w.net.Clock() < end {
				if now := w.net.Clock(); now >= next {
					next = now + time.Duration(r.IntN(2500))*time.Millisecond
					fault(w, r, a, b)
				}
				synctest.Wait()
				for _, m := range []*member{a, b} {
					switch {
					case m.Leased():
						unleased[m] = -1
					case unleased[m] < 0:
						unleased[m] = w.net.Clock()
					}
				}
				for _, m := range []*member{a, b} {
					other := a
					if m == a {
						other = b
					}
					m.recorder.mu.Lock()
					for _, d := range m.downs[seen[m]:] {
						l := other.To(m.id)
						if reasonName(d.reason) == "silent" && l != nil && l.Number() == d.number &&
							(unleased[other] < 0 || d.at-unleased[other] < 300*time.Millisecond) {
							t.Errorf("seed %d: %s ended %d at %v, the other is unleased since %v", seed, m.id.Name, d.number, d.at, unleased[other])
						}
					}
					seen[m] = len(m.downs)
					m.recorder.mu.Unlock()
				}
				time.Sleep(5 * time.Millisecond)
			}
			a.host.Thaw()
			b.host.Thaw()
			w.net.Heal("a", "b")
			w.within(10*time.Second, "a link", func() bool {
				la, lb := a.To(b.id), b.To(a.id)

				return la != nil && lb != nil && la.Number() == lb.Number() && a.Leased() && b.Leased()
			})
		})
	}
}

// seeds is how many random histories a test plays: fewer with the race detector, which is slow.
func seeds(n uint64) uint64 {
	if testkit.Race {
		return n / 6
	}

	return n
}

// fault changes something between two nodes.
func fault(w *world, r *rand.Rand, a, b *member) {
	switch r.IntN(8) {
	case 0:
		w.net.Cut("a", "b")
	case 1:
		w.net.CutOneWay("a", "b")
	case 2:
		w.net.CutOneWay("b", "a")
	case 3:
		w.net.Break("a", "b")
	case 4:
		a.host.Freeze()
	case 5:
		b.host.Freeze()
	default:
		w.net.Heal("a", "b")
		a.host.Thaw()
		b.host.Thaw()
	}
}

// TestBothSidesAgree lets packets flow both ways through random faults. Each packet names the link
// on which it was sent and its place there.
func TestWhateverHappensEachLinkIsAFIFOAndEndsOnBothSides(t *testing.T) {
	for seed := range seeds(60) {
		bubble(t, time.Duration(seed%3)*2*time.Millisecond, func(w *world) {
			r := rand.New(rand.NewPCG(seed, 2))
			a, b := w.pair()
			checkA, checkB := &perLink{t: t, seed: seed}, &perLink{t: t, seed: seed}
			a.on, b.on = checkA.take, checkB.take
			if seed%4 == 0 {
				a.recorder.hold = 7 * time.Millisecond
			}
			stop := make(chan struct{})
			var done [2]chan struct{}
			for i, m := range []*member{a, b} {
				other := []*member{b, a}[i]
				done[i] = make(chan struct{})
				go func() {
					defer close(done[i])
					counts := make(map[*Link]int)
					for {
						select {
						case <-stop:
							return
						case <-time.After(rand.N(6 * time.Millisecond)):
						}
						m.host.Gate()
						if l := m.To(other.id); l != nil && l.Send(1, fmt.Appendf(nil, "%d %d", l.Number(), counts[l]+1)) == nil {
							counts[l]++
						}
					}
				}()
			}
			for range 60 {
				time.Sleep(time.Duration(r.IntN(600)) * time.Millisecond)
				fault(w, r, a, b)
			}
			w.net.Heal("a", "b")
			a.host.Thaw()
			b.host.Thaw()
			w.within(10*time.Second, "a link", func() bool {
				la, lb := a.To(b.id), b.To(a.id)

				return la != nil && lb != nil && la.Number() == lb.Number() && a.Leased() && b.Leased()
			})
			close(stop)
			<-done[0]
			<-done[1]
			time.Sleep(time.Second)
			ups, downs := strings.Join(a.list(), "\n"), strings.Join(b.list(), "\n")
			if a.To(b.id) == nil || b.To(a.id) == nil {
				t.Errorf("seed %d: the link did not stay\n%s\n\n%s", seed, ups, downs)
			}
		})
	}
}

// perLink checks that the packets of each link come in order and without gaps.
type perLink struct {
	t    *testing.T
	seed uint64
	last map[uint64]int
}

func (c *perLink) take(l *Link, _ uint8, packet []byte) {
	var number uint64
	var n int
	if _, err := fmt.Sscanf(string(packet), "%d %d", &number, &n); err != nil {
		c.t.Error(err)
	}
	if c.last == nil {
		c.last = make(map[uint64]int)
	}
	if number != l.Number() || n != c.last[number]+1 {
		c.t.Errorf("seed %d: packet %d of link %d came on link %d after %d", c.seed, n, number, l.Number(), c.last[number])
	}
	c.last[number] = n
}

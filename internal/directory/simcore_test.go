package directory

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// simCore is one real core whose packets are counted, or handed on.
type simCore struct {
	core         *core
	clock        node.Clock
	out          func(to node.ID, packet []byte)
	answered     func(token uint64)
	packets      int
	bytes        int
	registered   int
	unregistered int
}

func (s *simCore) send(to *peer, packet []byte) {
	s.packets++
	s.bytes += len(packet)
	if s.out != nil {
		s.out(to.id, packet)
	}
	if k := kind(packet[0]); k.batched() {
		var m message
		for rest, err := packet[1:], error(nil); len(rest) > 0 && err == nil; {
			if rest, err = m.decode(k, rest); k == kindRegister {
				s.registered++
			} else {
				s.unregistered++
			}
		}
	}
}

func (s *simCore) leased() bool               { return true }
func (s *simCore) now() node.Stamp            { return s.clock.Now() }
func (s *simCore) observe(t node.Stamp)       { s.clock.Observe(t) }
func (s *simCore) decided(*session, error)    {}
func (s *simCore) evict(*session, node.Place) {}
func (s *simCore) reclaimed()                 {}

func (s *simCore) located(token uint64, _ node.Place) { s.notFound(token) }
func (s *simCore) lookupFailed(token uint64)          { s.notFound(token) }
func (s *simCore) notFound(token uint64) {
	if s.answered != nil {
		s.answered(token)
	}
}

// agree lets all other members announce the core's view.
func (s *simCore) agree() {
	for _, p := range s.core.members {
		if p != s.core.me {
			said := message{kind: kindAnnounce, num: p.seen + 1, echo: s.core.num, view: s.core.view}
			_ = s.core.packet(p.id, said.append([]byte{byte(kindAnnounce)}))
		}
	}
	for s.core.work(slice) {
	}
}

func (s *simCore) measure(event func()) *cost {
	packets, bytes, registered, unregistered := s.packets, s.bytes, s.registered, s.unregistered
	c := &cost{}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for more := true; more; {
		start := threadTime()
		if event != nil {
			event()
			event = nil
		} else {
			more = s.core.work(slice)
		}
		c.slices = append(c.slices, threadTime()-start)
	}
	c.packets, c.bytes = s.packets-packets, s.bytes-bytes
	c.registered, c.unregistered = s.registered-registered, s.unregistered-unregistered

	return c
}

func (s *simCore) idle() {
	for s.core.work(slice) {
	}
}

func newSimCore(id node.ID) *simCore {
	s := &simCore{}
	s.core = newCore(id, s, 1<<20, 1<<20)

	return s
}

func simIDs(n int) (ids []node.ID) {
	for i := range n + 1 { // one to join
		ids = append(ids, node.ID{Name: fmt.Sprintf("node-%03d", i), Incarnation: mix(uint64(i) + 1)})
	}

	return ids
}

func simView(ids []node.ID) []node.ID {
	v := slices.Clone(ids)
	slices.SortFunc(v, node.ID.Compare)

	return v
}

// cost is what an event has cost the node that is measured.
type cost struct {
	packets, bytes, registered, unregistered int
	slices                                   []time.Duration
}

func (c *cost) total() (sum time.Duration) {
	for _, d := range c.slices {
		sum += d
	}

	return sum
}

func (c *cost) quantile(q float64) time.Duration {
	if len(c.slices) == 0 {
		return 0
	}
	slices.Sort(c.slices)

	return c.slices[int(q*float64(len(c.slices)-1))]
}

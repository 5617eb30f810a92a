package directory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// simNet is a whole cluster of real cores with few users, in virtual time: each packet takes
// simDelay.
type simNet struct {
	now   time.Duration
	cores map[node.ID]*simCore
	queue []simEvent // in order of time
	later []simEvent // in order of time
	asked map[uint64]time.Duration
	waits []time.Duration
}

// run does all events until then. Packets are in order as they are; other events are sorted.
func (w *simNet) run(until time.Duration) {
	slices.SortStableFunc(w.later, func(a, b simEvent) int { return int(a.at - b.at) })
	for {
		var e simEvent
		switch {
		case len(w.queue) > 0 && (len(w.later) == 0 || w.queue[0].at <= w.later[0].at):
			e, w.queue = w.queue[0], w.queue[1:]
		case len(w.later) > 0:
			e, w.later = w.later[0], w.later[1:]
		default:
			w.now = until

			return
		}
		if w.now = e.at; w.now > until {
			return
		}
		e.do()
	}
}

func (w *simNet) add(id node.ID) *simCore {
	s := newSimCore(id)
	s.out = func(to node.ID, packet []byte) {
		b := slices.Clone(packet)
		w.queue = append(w.queue, simEvent{w.now + simDelay, func() {
			if t := w.cores[to]; t != nil && w.cores[id] != nil {
				_ = t.core.packet(id, b)
				t.idle()
			}
		}})
	}
	s.answered = func(token uint64) {
		w.waits = append(w.waits, w.now-w.asked[token])
		delete(w.asked, token)
	}
	w.cores[id] = s

	return s
}

// ask makes each of some nodes look up users that are not there, each millisecond for that long.
func (w *simNet) ask(ids []node.ID, from, until time.Duration) {
	for at := from; at < until; at += time.Millisecond {
		w.later = append(w.later, simEvent{at, func() {
			for range 10 {
				token := tokens.Add(1)
				if s := w.cores[ids[rand.IntN(len(ids))]]; s != nil {
					w.asked[token] = w.now
					s.core.lookup(fmt.Sprint("nobody", token), token)
					s.idle()
				}
			}
		}})
	}
}

type simEvent struct {
	at time.Duration
	do func()
}

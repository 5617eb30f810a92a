package directory

import "github.com/parley-dm/parley/internal/node"

type actionKind uint8

const (
	actDeliver actionKind = iota
	actWork
	actLogin
	actLogout
	actLookup
	actEvict // the callback runs
	actEnd
	actConnect
	actSuspend
	actResume
	actCrash
	actEnter
	actForm
	actPause
	actWake
	actCut
	actMend
	actDrain
	actAbandon // a claim's context ends
	actRaise   // a session's epochs go up
	actChange  // the second half of NodeDown, where it is not atomic
	actionKinds
)

var actionNames = []string{
	"deliver", "work", "login", "logout", "lookup", "evict", "end", "connect", "suspend", "resume", "crash", "enter", "form", "pause", "wake",
	"cut", "mend", "drain", "abandon", "raise", "change",
}

// action is one event: of node a, towards b, for user u.
type action struct {
	kind    actionKind
	a, b, u int
}

// do does an action, or tells that it is impossible now.
func (w *world) do(x action) bool {
	h := w.nodes[x.a]
	switch x.kind {
	case actDeliver, actWake, actConnect, actCut, actMend, actCrash, actDrain:
	default:
		if h.paused {
			return false
		}
	}
	if h.limp != nil && x.kind != actChange && x.kind != actDeliver && x.kind != actLookup {
		return false
	}
	w.time++
	before := len(w.said)
	w.sayf("%s %s %s u%d", actionNames[x.kind], h.id.Name, w.nodes[x.b].id.Name, x.u)
	if !w.act(h, x) {
		w.time--
		if w.loud {
			w.said = w.said[:before]
		}

		return false
	}
	w.check()

	return true
}

func (w *world) act(h *host, x action) bool {
	user := w.users[x.u]
	switch x.kind {
	case actDeliver:
		return w.deliver(x.a, x.b)
	case actWork:
		if !h.core.busy() {
			return false
		}
		h.core.work(1)
	case actLogin:
		return w.loginAt(h, user)
	case actLogout:
		return w.endSession(h, user, confirmed)
	case actAbandon:
		return w.endSession(h, user, claiming)
	case actRaise:
		for _, l := range h.logins {
			if l.user == user && l.confirmed && l.s.state == confirmed {
				l.epoch += 1 << (3 * (x.b + 1))

				return true
			}
		}

		return false
	case actLookup:
		return w.lookup(h, user)
	case actEvict:
		if len(h.evicts) == 0 {
			return false
		}
		w.runEvict(h)
	case actEnd:
		if x.a == x.b || w.sides[x.a][x.b].state == down || w.sides[x.b][x.a].state == up && !w.nodes[x.b].paused {
			return false // the lease: the other side has suspended the link, or stands still
		}
		w.end(x.a, x.b)
	case actConnect:
		return w.connect(x.a, x.b)
	case actSuspend:
		if x.a == x.b || w.sides[x.a][x.b].state != up {
			return false
		}
		w.sides[x.a][x.b].state = suspended
	case actResume:
		if x.a == x.b || w.sides[x.a][x.b].state != suspended || w.sides[x.b][x.a].state == down {
			return false
		}
		w.sides[x.a][x.b].state = up
		h.core.recheck()
	case actCrash:
		w.crash(h)
	case actEnter:
		return w.enter(x.a)
	case actForm:
		return w.form(x.a)
	case actPause:
		h.paused, h.woke = true, 1<<40
	case actWake:
		if !h.paused {
			return false
		}
		w.wake(h)
	case actCut, actMend:
		on := x.kind == actCut
		if x.a == x.b || w.cut[x.a][x.b] == on {
			return false
		}
		w.cut[x.a][x.b], w.cut[x.b][x.a] = on, on
	case actDrain:
		w.deliverAll()
	case actChange:
		if h.limp == nil {
			return false
		}
		h.limp = nil
		h.core.viewChanged(w.view(h.i))
	}

	return true
}

func (w *world) describe(b int, from node.ID, packet []byte) {
	if !w.loud {
		return
	}
	var m message
	for rest, err := packet[1:], error(nil); len(rest) > 0 && err == nil; {
		rest, err = m.decode(kind(packet[0]), rest)
		w.sayf("      %s -> %s: %s", from.Name, w.nodes[b].id.Name, m.text())
	}
}

package overview

import (
	"slices"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// keptViews is how many changes of its view a node keeps.
const keptViews = 100

// History keeps the last changes of a node's view. The zero value has none, and no view. Safe for
// use by several goroutines.
type History struct {
	mu      sync.Mutex
	members []node.ID          // guarded by mu; of the newest view
	reasons map[node.ID]string // guarded by mu; of links that have ended, until the view changes
	views   []View             // guarded by mu; the oldest first
	last    uint64             // guarded by mu; number of the newest view
	paused  bool               // guarded by mu; the view is about to be empty
}

// LinkEnded notes why the link to a node has ended. Call it before the view changes.
func (h *History) LinkEnded(n node.ID, reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.members, n) {
		return // it has left the view before
	}
	if h.reasons == nil {
		h.reasons = make(map[node.ID]string)
	}
	h.reasons[n] = reason.Error()
}

// Paused notes that the process did not run for a while: its links end one after another, and then
// its view is empty. It is the node that has left, not the others.
func (h *History) Paused(self node.ID, reason error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.Contains(h.members, self) {
		return
	}
	h.paused, h.members = true, nil
	h.addLocked(View{At: now.UTC(), Left: []Left{{ID: self.String(), Why: reason.Error()}}})
}

// ViewChanged notes a view. If it is empty, the node itself is not a member any more.
func (h *History) ViewChanged(self node.ID, members []node.ID, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.paused {
		h.paused = len(members) > 0

		return
	}
	v := View{At: now.UTC(), Members: len(members)}
	switch was, is := slices.Contains(h.members, self), slices.Contains(members, self); {
	case is && !was: // what it sees from now on has not changed: it has come
		v.Joined = []string{self.String()}
	case was && !is:
		v.Left = []Left{{ID: self.String()}}
	default:
		h.compareLocked(&v, members)
	}
	h.members = slices.Clone(members)
	clear(h.reasons)
	if len(v.Joined) > 0 || len(v.Left) > 0 {
		h.addLocked(v)
	}
}

func (h *History) addLocked(v View) {
	h.last++
	v.Number = h.last
	if len(h.views) == keptViews {
		h.views = h.views[1:]
	}
	h.views = append(h.views, v)
}

func (h *History) compareLocked(v *View, members []node.ID) {
	for _, n := range members {
		if !slices.Contains(h.members, n) {
			v.Joined = append(v.Joined, n.String())
		}
	}
	for _, n := range h.members {
		if !slices.Contains(members, n) {
			v.Left = append(v.Left, Left{ID: n.String(), Why: h.reasons[n]})
		}
	}
}

// After lists the changes with a higher number, the oldest first.
func (h *History) After(number uint64) []View {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, _ := slices.BinarySearchFunc(h.views, number+1, func(v View, n uint64) int { return int(v.Number) - int(n) })

	return slices.Clone(h.views[i:])
}

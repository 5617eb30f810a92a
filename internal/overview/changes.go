package overview

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// The kinds of a Change.
const (
	Joined   = "joined"
	Departed = "left"
)

const (
	// keptChanges bounds the timeline.
	keptChanges = 100
	// together is how far apart nodes may tell of one change: clocks differ, and so does the time
	// that nodes take to notice.
	together = 10 * time.Second
)

// Change is a node that has come or gone, as the others tell of it.
type Change struct {
	At   time.Time `json:"at"` // the earliest that is told of
	Kind string    `json:"kind"`
	Node string    `json:"node"`
	Why  string    `json:"why,omitempty"` // of one that left
	Seen []Seen    `json:"seen"`          // the earliest first
}

// Seen is which node tells of a change.
type Seen struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// timeline merges what nodes tell of changes of their views.
type timeline struct {
	changes []Change          // the earliest first
	told    map[string]uint64 // by node; number of the newest view that it has told of
}

// tell takes over what a node tells of.
func (t *timeline) tell(by string, views []View) {
	if t.told == nil {
		t.told = make(map[string]uint64)
	}
	for _, v := range views {
		if v.Number <= t.told[by] {
			continue
		}
		t.told[by] = v.Number
		for _, id := range v.Joined {
			t.add(Change{Kind: Joined, Node: id}, Seen{by, v.At})
		}
		for _, l := range v.Left {
			t.add(Change{Kind: Departed, Node: l.ID, Why: l.Why}, Seen{by, v.At})
		}
	}
	slices.SortStableFunc(t.changes, func(a, b Change) int { return a.At.Compare(b.At) })
	if over := len(t.changes) - keptChanges; over > 0 {
		t.changes = slices.Delete(t.changes, 0, over)
	}
}

// add adds a change, or one more node that tells of it.
func (t *timeline) add(c Change, seen Seen) {
	for i := range t.changes {
		old := &t.changes[i]
		if old.Kind != c.Kind || old.Node != c.Node || old.At.Sub(seen.At).Abs() > together {
			continue
		}
		if j := slices.IndexFunc(old.Seen, func(s Seen) bool { return s.By == seen.By }); j >= 0 {
			if old.Seen[j].At.Equal(seen.At) {
				return // it is told again
			}

			continue // it happened twice
		}
		if old.Why == "" || (c.Why != "" && seen.At.Before(old.At)) {
			old.Why = c.Why
		}
		// A picture that was given out has the old slice.
		old.Seen = append(slices.Clone(old.Seen), seen)
		slices.SortStableFunc(old.Seen, func(a, b Seen) int { return a.At.Compare(b.At) })
		old.At = old.Seen[0].At

		return
	}
	c.At, c.Seen = seen.At, []Seen{seen}
	t.changes = append(t.changes, c)
}

// forget forgets how far nodes have told, but for these.
func (t *timeline) forget(but map[string]bool) {
	maps.DeleteFunc(t.told, func(id string, _ uint64) bool { return !but[id] })
}

const (
	// keptDeparted bounds the nodes that are shown after they have left, and keepDeparted how long.
	keptDeparted = 16
	keepDeparted = time.Hour
)

// departed lists the nodes that have left, the latest first: one of a name that no member has, and
// of each name the last.
func (t *timeline) departed(members map[string]bool, now time.Time) (left []Change) {
	names := make(map[string]bool)
	for id := range members {
		names[nameOf(id)] = true
	}
	for _, c := range slices.Backward(t.changes) {
		if now.Sub(c.At) > keepDeparted || len(left) == keptDeparted {
			break
		}
		name := nameOf(c.Node)
		if !names[name] && c.Kind == Departed {
			left = append(left, c)
		}
		names[name] = true
	}

	return left
}

// nameOf is the name in a node ID, name#incarnation.
func nameOf(id string) string {
	if i := strings.LastIndexByte(id, '#'); i >= 0 {
		return id[:i]
	}

	return id
}

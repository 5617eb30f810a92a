package core

import (
	"fmt"
	"slices"
	"strings"
)

// sim is a model of a cluster around the machines of this package: what dm will be, without its
// I/O. All that happens is an event of the queue or a command of a script; which of the possible
// events comes next is its caller's choice.
type sim struct {
	now       int64  // in nanoseconds
	stamp     uint64 // the cluster's clock
	nodes     map[string]*simNode
	slow      bool                     // lookups take time
	ended     map[pair]map[string]bool // links that have ended, by the names of their nodes; those that have not heard of it
	lives     map[pair]int             // how often a link has ended
	cancelled int                      // lookups that were answered after they had been given up
	each      bool                     // order is promised for each session of a sender only
	past      []Node                   // nodes that are gone
	dir       map[string]*session      // the session of each user ID
	blanks    map[string]*session      // by the name that a script gives them
	all       []*session               // of living nodes, also those that have been replaced or have left
	queue     []*event
	eventID   int
	manners   map[string]*manner
	letters   []*letter
	reached   []*letter     // what a recipient's callbacks got, in order
	tainted   map[pair]bool // a notice between the two may have been lost
	out       strings.Builder
}

// simNode is one life of a node.
type simNode struct {
	id     Node
	dead   bool
	behind uint64           // how much its clock is slow, in logins
	down   map[Node]bool    // nodes of which it knows that they are gone
	full   map[string]bool  // ways out that take nothing more
	cutOff bool             // it sees no cluster
	sess   map[SID]*session // here, or once here
}

// letter is an item and what became of it.
type letter struct {
	n        int
	by       *session
	from, to string
	kind     Kind
	text     string
	finished int
	outcome  Outcome
	happened []Outcome // at the receiving side
	orphan   bool      // the sender's node died
}

// manner is how a user's callbacks behave.
type manner struct{ held, declining, emptying bool }

type pair struct{ a, b string }

func pairOf(a, b string) pair { return pair{min(a, b), max(a, b)} }

// event is something that can happen. Events of one lane happen in order.
type event struct {
	id       int
	name     string // what makes it happen in a script
	lane     string
	handover bool
	user     string   // whose callbacks must not be held
	due      int64    // not before
	from, to *simNode // it is on its way between them, and lost with either
	between  pair
	run      func()
}

func newSim() *sim {
	return &sim{
		blanks: map[string]*session{}, nodes: map[string]*simNode{}, dir: map[string]*session{},
		manners: map[string]*manner{}, tainted: map[pair]bool{}, ended: map[pair]map[string]bool{}, lives: map[pair]int{},
	}
}

func (s *sim) sayf(format string, args ...any) { fmt.Fprintf(&s.out, format+"\n", args...) }

func (s *sim) post(e *event) {
	s.eventID++
	e.id = s.eventID
	if e.lane == "" {
		e.lane = fmt.Sprint("alone/", e.id)
	}
	s.queue = append(s.queue, e)
}

// ready returns the events that can happen now, oldest first.
func (s *sim) ready() []*event {
	seen := map[string]bool{}
	var out []*event
	for _, e := range s.queue {
		if seen[e.lane] {
			continue
		}
		seen[e.lane] = true
		if e.due > s.now || e.user != "" && s.manner(e.user).held {
			continue
		}
		out = append(out, e)
	}

	return out
}

func (s *sim) happen(e *event) {
	s.queue = slices.DeleteFunc(s.queue, func(x *event) bool { return x == e })
	e.run()
}

// lose takes the events out of the queue that match.
func (s *sim) lose(match func(e *event) bool) int {
	n := len(s.queue)
	s.queue = slices.DeleteFunc(s.queue, func(e *event) bool {
		if match(e) {
			s.tainted[e.between] = true

			return true
		}

		return false
	})

	return n - len(s.queue)
}

// settle lets happen what can happen, oldest first, until the given time, and returns how many
// steps that took.
func (s *sim) settle(until int64) int {
	steps := 0
	for ; steps < 20000; steps++ {
		if r := s.ready(); len(r) > 0 {
			s.happen(r[0])

			continue
		}
		next, ok := s.nextTime()
		if !ok || next > until {
			return steps
		}
		s.advance(next)
	}

	return -1
}

// nextTime is when something will happen by itself.
func (s *sim) nextTime() (int64, bool) {
	var next int64
	earlier := func(t int64) {
		if t > s.now && (next == 0 || t < next) {
			next = t
		}
	}
	for _, e := range s.queue {
		earlier(e.due)
	}
	for _, x := range s.all {
		for _, c := range x.core.Conversations() {
			for _, it := range slices.Concat(c.out.inflight, c.out.queue) {
				earlier(it.Deadline)
			}
		}
	}

	return next, next != 0
}

// advance moves the clock, and ends what has waited too long.
func (s *sim) advance(to int64) {
	s.now = to
	for _, x := range s.all {
		s.do(x, x.core.Expire(nil, s.now), nil)
	}
}

func (s *sim) manner(user string) *manner {
	if s.manners[user] == nil {
		s.manners[user] = &manner{}
	}

	return s.manners[user]
}

func (l *letter) String() string {
	if l.text == "" {
		return l.kind.String()
	}
	if l.kind == Message {
		return fmt.Sprintf("%q", l.text)
	}

	return fmt.Sprintf("%s %q", l.kind, l.text)
}

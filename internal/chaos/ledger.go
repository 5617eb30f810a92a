package chaos

import (
	"sync"
	"time"
)

// ledger is what the run knows: every message with its outcome and its arrivals.
type ledger struct {
	start   time.Time
	persons map[string]*person // by user ID; complete before the first message
	flows   []*flow            // by sender and recipient

	mu     sync.Mutex
	events []happened // guarded by mu
	wrongs []wrong    // guarded by mu: violations seen on the way
}

// happened is something that the runner did.
type happened struct {
	at   moment
	what string
}

// flow is what one user sends to another.
type flow struct {
	from, to *person

	starting sync.Mutex // held while a message is on its way to the connection: the order of messages is the order of their starts

	mu       sync.Mutex
	letters  []letter  // guarded by mu; numbers are indices
	arrivals []arrival // guarded by mu; of each session in order
	strange  []int     // guarded by mu: numbers handed over that nobody has sent, or that did not come by the wire
}

// letter is a message.
type letter struct {
	sent    moment
	done    moment
	outcome outcome
	via     *session // the connection that it went out on; nil: it has not
	by      *session // the connection that it came in on first
	came    int      // how often it came in
	handed  int      // how often the recipient's callback got it
	wrote   chan struct{}
}

type arrival struct {
	number  int
	session *session
	at      moment
}

func newLedger(persons []*person) *ledger {
	l := &ledger{start: time.Now(), persons: map[string]*person{}, flows: make([]*flow, len(persons)*len(persons))}
	for _, p := range persons {
		l.persons[p.id] = p
		for _, q := range persons {
			l.flows[p.index*len(persons)+q.index] = &flow{from: p, to: q}
		}
	}

	return l
}

func (l *ledger) now() moment { return moment(time.Since(l.start)) + 1 }

func (l *ledger) flow(from, to *person) *flow { return l.flows[from.index*len(l.persons)+to.index] }

// note keeps what the runner did.
func (l *ledger) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, happened{l.now(), what})
}

// begin enters a new message, and returns its number and a channel that is closed once it has gone out.
func (f *flow) begin(at moment) (number int, wrote <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan struct{})
	f.letters = append(f.letters, letter{sent: at, wrote: c})

	return len(f.letters) - 1, c
}

// finish enters a message's outcome.
func (f *flow) finish(number int, at moment, err error) outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := &f.letters[number]
	x.outcome, x.done = outcomeOf(err, x.via != nil), at

	return x.outcome
}

// handedOver tells whether the recipient's callback has a message.
func (f *flow) handedOver(number int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()

	return f.letters[number].handed > 0
}

// written notes that a message goes out on a connection.
func (l *ledger) written(s *session, to string, msg []byte) {
	peer, number, ok := l.parse(to, msg)
	if !ok {
		return
	}
	f := l.flow(s.who, peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number < len(f.letters) && f.letters[number].via == nil {
		f.letters[number].via = s
		close(f.letters[number].wrote)
	}
}

// arrived notes that a message has come in on a connection.
func (l *ledger) arrived(from string, s *session, msg []byte) {
	peer, number, ok := l.parse(from, msg)
	if !ok {
		return
	}
	f := l.flow(peer, s.who)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number >= len(f.letters) {
		return // handed will find it strange
	}
	f.arrivals = append(f.arrivals, arrival{number, s, l.now()})
	x := &f.letters[number]
	x.came++
	if x.by == nil {
		x.by = s
	}
}

// handed notes that a message was given to a client's callback.
func (l *ledger) handed(who *person, from string, msg []byte) {
	peer, number, ok := l.parse(from, msg)
	if !ok {
		l.violation(wrong{rule: strangers, text: who.id + " was handed a message that nobody sent, from " + from})

		return
	}
	f := l.flow(peer, who)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number >= len(f.letters) || f.letters[number].handed >= f.letters[number].came {
		f.strange = append(f.strange, number)

		return
	}
	x := &f.letters[number]
	x.handed++
	x.by.prove(x.sent)
}

func (l *ledger) parse(id string, msg []byte) (*person, int, bool) {
	peer, known := l.persons[id]
	number, ok := parseLetter(msg)

	return peer, number, known && ok
}

func (l *ledger) violation(w wrong) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.at = l.now()
	l.wrongs = append(l.wrongs, w)
}

package chaos

import (
	"sync"
	"time"
)

// history is what the run knows: every message with its outcome and its arrivals.
type history struct {
	start time.Time
	users map[string]*user // by user ID; complete before the first message
	flows []*flow          // by sender and recipient

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
	from, to *user

	starting sync.Mutex // held while a message is on its way to the connection: the order of messages is the order of their starts

	mu       sync.Mutex
	ops      []op      // guarded by mu; numbers are indices
	arrivals []arrival // guarded by mu; of each session in order
	strange  []int     // guarded by mu: numbers handed over that were not sent, or did not come by the wire
}

// op is a message.
type op struct {
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

func newHistory(users []*user) *history {
	l := &history{start: time.Now(), users: map[string]*user{}, flows: make([]*flow, len(users)*len(users))}
	for _, p := range users {
		l.users[p.id] = p
		for _, q := range users {
			l.flows[p.index*len(users)+q.index] = &flow{from: p, to: q}
		}
	}

	return l
}

func (l *history) now() moment { return moment(time.Since(l.start)) + 1 }

func (l *history) flow(from, to *user) *flow { return l.flows[from.index*len(l.users)+to.index] }

// note keeps what the runner did.
func (l *history) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, happened{l.now(), what})
}

// begin enters a new message, and returns its number and a channel that is closed once it has gone
// out.
func (f *flow) begin(at moment) (number int, wrote <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan struct{})
	f.ops = append(f.ops, op{sent: at, wrote: c})

	return len(f.ops) - 1, c
}

// finish enters a message's outcome.
func (f *flow) finish(number int, at moment, err error) outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := &f.ops[number]
	x.outcome, x.done = outcomeOf(err, x.via != nil), at

	return x.outcome
}

// handedOver tells whether the recipient's callback has a message.
func (f *flow) handedOver(number int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()

	return f.ops[number].handed > 0
}

// written notes that a message goes out on a connection.
func (l *history) written(s *session, to string, msg []byte) {
	peer, number, ok := l.parse(to, msg)
	if !ok {
		return
	}
	f := l.flow(s.who, peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number < len(f.ops) && f.ops[number].via == nil {
		f.ops[number].via = s
		close(f.ops[number].wrote)
	}
}

// arrived notes that a message has come in on a connection.
func (l *history) arrived(from string, s *session, msg []byte) {
	peer, number, ok := l.parse(from, msg)
	if !ok {
		return
	}
	f := l.flow(peer, s.who)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number >= len(f.ops) {
		return // handed will find it strange
	}
	f.arrivals = append(f.arrivals, arrival{number, s, l.now()})
	x := &f.ops[number]
	x.came++
	if x.by == nil {
		x.by = s
	}
}

// handed notes that a message was given to a client's callback.
func (l *history) handed(who *user, from string, msg []byte) {
	peer, number, ok := l.parse(from, msg)
	if !ok {
		l.violation(wrong{rule: strange, text: who.id + " was handed a message that nobody sent, from " + from})

		return
	}
	f := l.flow(peer, who)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number >= len(f.ops) || f.ops[number].handed >= f.ops[number].came {
		f.strange = append(f.strange, number)

		return
	}
	x := &f.ops[number]
	x.handed++
	x.by.prove(x.sent)
}

func (l *history) parse(id string, msg []byte) (*user, int, bool) {
	peer, known := l.users[id]
	number, ok := parseOp(msg)

	return peer, number, known && ok
}

func (l *history) violation(w wrong) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.at = l.now()
	l.wrongs = append(l.wrongs, w)
}

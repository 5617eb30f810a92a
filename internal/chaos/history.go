package chaos

import (
	"sync"
	"time"
)

// history records every message with its outcome and its arrivals, and the events of the run.
type history struct {
	start time.Time
	users map[string]*user // by user ID; complete before the first message
	flows []*flow          // by sender and recipient

	mu         sync.Mutex
	events     []event     // guarded by mu
	violations []violation // guarded by mu: violations seen on the way
}

// event is an action of the runner.
type event struct {
	at   moment
	text string
}

// flow is the messages from one user to another.
type flow struct {
	from, to *user

	sending sync.Mutex // held while a message is on its way to the connection: the order of messages is the order of their starts

	mu         sync.Mutex
	ops        []op      // guarded by mu; numbers are indices
	arrivals   []arrival // guarded by mu; of each session in order
	unexpected []int     // guarded by mu: numbers handed over that were not sent, or did not come by the wire
}

// op is a message.
type op struct {
	sent       moment
	done       moment
	outcome    outcome
	sentOn     *session // the connection that it went out on; nil: it has not
	receivedOn *session // the connection that it came in on first
	received   int      // how often it came in
	handedOver int      // how often the recipient's callback got it
	written    chan struct{}
}

type arrival struct {
	number  int
	session *session
	at      moment
}

func newHistory(users []*user) *history {
	h := &history{start: time.Now(), users: map[string]*user{}, flows: make([]*flow, len(users)*len(users))}
	for _, u := range users {
		h.users[u.id] = u
		for _, peer := range users {
			h.flows[u.index*len(users)+peer.index] = &flow{from: u, to: peer}
		}
	}

	return h
}

func (h *history) now() moment { return moment(time.Since(h.start)) + 1 }

func (h *history) flow(from, to *user) *flow { return h.flows[from.index*len(h.users)+to.index] }

// note records an event.
func (h *history) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, event{h.now(), what})
}

// begin enters a new message, and returns its number and a channel that is closed once it has gone
// out.
func (f *flow) begin(at moment) (number int, wrote <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan struct{})
	f.ops = append(f.ops, op{sent: at, written: c})

	return len(f.ops) - 1, c
}

// finish enters a message's outcome.
func (f *flow) finish(number int, at moment, err error) outcome {
	f.mu.Lock()
	defer f.mu.Unlock()
	x := &f.ops[number]
	x.outcome, x.done = outcomeOf(err, x.sentOn != nil), at

	return x.outcome
}

// wasHandedOver tells whether the recipient's callback has a message.
func (f *flow) wasHandedOver(number int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()

	return f.ops[number].handedOver > 0
}

// written notes that a message goes out on a connection.
func (h *history) written(s *session, to string, msg []byte) {
	peer, number, ok := h.parse(to, msg)
	if !ok {
		return
	}
	f := h.flow(s.user, peer)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number < len(f.ops) && f.ops[number].sentOn == nil {
		f.ops[number].sentOn = s
		close(f.ops[number].written)
	}
}

// arrived notes that a message has come in on a connection.
func (h *history) arrived(from string, s *session, msg []byte) {
	peer, number, ok := h.parse(from, msg)
	if !ok {
		return
	}
	f := h.flow(peer, s.user)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number >= len(f.ops) {
		return // handedOver reports it as unexpected
	}
	f.arrivals = append(f.arrivals, arrival{number, s, h.now()})
	x := &f.ops[number]
	x.received++
	if x.receivedOn == nil {
		x.receivedOn = s
	}
}

// handedOver notes that a message was given to a client's callback.
func (h *history) handedOver(to *user, from string, msg []byte) {
	peer, number, ok := h.parse(from, msg)
	if !ok {
		h.violated(violation{rule: unexpected, text: to.id + " was handed a message that was never sent, from " + from})

		return
	}
	f := h.flow(peer, to)
	f.mu.Lock()
	defer f.mu.Unlock()
	if number >= len(f.ops) || f.ops[number].handedOver >= f.ops[number].received {
		f.unexpected = append(f.unexpected, number)

		return
	}
	x := &f.ops[number]
	x.handedOver++
	x.receivedOn.markRead(x.sent)
}

func (h *history) parse(id string, msg []byte) (*user, int, bool) {
	peer, known := h.users[id]
	number, ok := parseOp(msg)

	return peer, number, known && ok
}

func (h *history) violated(w violation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.at = h.now()
	h.violations = append(h.violations, w)
}

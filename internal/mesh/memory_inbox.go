package mesh

import (
	"container/heap"
	"time"
)

// arrival is something on its way to a node.
type arrival struct {
	what   arrivalKind
	port   Port
	from   uint64
	seq    uint64
	token  uint64
	at     time.Time
	user   string
	users  map[string]struct{} // arriveInterest
	packet []byte
}

type arrivalKind uint8

const (
	arriveNode arrivalKind = iota
	arriveAll
	arriveFind
	arriveNobody
	arriveHold     // the sender holds user from now on
	arriveRelease  // no longer
	arriveInterest // the sender holds users: told when two nodes get connected
)

func (a arrival) isPacket() bool { return a.what < arriveHold }

// arrivals is a heap: what arrives first is first.
type arrivals []arrival //nolint:recvcheck // as container/heap wants it

func (q arrivals) Len() int { return len(q) }

func (q arrivals) Less(i, j int) bool {
	if !q[i].at.Equal(q[j].at) {
		return q[i].at.Before(q[j].at)
	}

	return q[i].seq < q[j].seq
}

func (q arrivals) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *arrivals) Push(x any)   { *q = append(*q, x.(arrival)) } //nolint:forcetypeassert // only arrivals are pushed

func (q *arrivals) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = arrival{}
	*q = old[:len(old)-1]

	return last
}

// run is the node's inbox: it hands over what arrives, one after another.
func (e *memoryEngine) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		a, wait, ok := e.next()
		if ok {
			e.pass()
			e.take(a)

			continue
		}
		timer.Reset(wait)
		select {
		case <-e.quit:
			return
		case <-e.wake:
		case <-timer.C:
		}
	}
}

// next takes what has arrived, or tells how long there is nothing to do.
func (e *memoryEngine) next() (arrival, time.Duration, bool) {
	const idle = time.Hour
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	switch {
	case e.closed || len(e.inbox) == 0:
		return arrival{}, idle, false
	case e.inbox[0].at.After(time.Now()):
		return arrival{}, time.Until(e.inbox[0].at), false
	}
	a := heap.Pop(&e.inbox).(arrival) //nolint:forcetypeassert // only arrivals are pushed
	if a.isPacket() {
		e.count--
	}

	return a, 0, true
}

func (e *memoryEngine) take(a arrival) {
	if e.isClosed() {
		return
	}
	switch a.what {
	case arriveNode:
		e.up.onNode(a.packet)
	case arriveAll:
		e.up.onAll(a.packet)
	case arriveFind:
		e.up.onFind(a.user, a.packet)
	case arriveNobody:
		e.up.onNobody(a.port, a.token)
	case arriveHold, arriveRelease, arriveInterest:
		e.learn(a)
	}
	for i := range a.packet { // whoever kept it will notice
		a.packet[i] = 0xDB
	}
}

func (e *memoryEngine) isClosed() bool {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()

	return e.closed
}

// learn notes whom another node holds.
func (e *memoryEngine) learn(a arrival) {
	e.net.mu.Lock()
	defer e.net.mu.Unlock()
	if a.what == arriveInterest {
		if e.seen[a.from] = a.users; a.users == nil { // it has left
			delete(e.seen, a.from)
		}

		return
	}
	users := e.seen[a.from]
	switch {
	case users == nil: // cut off from that node meanwhile
	case a.what == arriveHold:
		users[a.user] = struct{}{}
	default:
		delete(users, a.user)
	}
}

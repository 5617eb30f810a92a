package client

import "sync"

// backlogFactor is how many times WithBacklog's bound the backlog may reach while requests wait.
const backlogFactor = 4

// eventCost is what an event counts towards the bound beside its bytes.
const eventCost = 64

type eventKind uint8

const (
	eventMessage eventKind = iota
	eventPeerDisconnect
	eventPush
	eventState
)

// event is one call of a callback.
type event struct {
	kind  eventKind
	ver   uint8
	cmd   uint16
	state State
	peer  string
	data  []byte
}

func (ev event) cost() int { return eventCost + len(ev.peer) + len(ev.data) }

// callbackQueue is the queue between the reader, which adds, and the goroutine that runs callbacks,
// which takes. Its bound is kept by the reader (awaitRoom).
type callbackQueue struct {
	bound int

	mu      sync.Mutex
	more    sync.Cond     // on mu: an event was added, or ended was set
	events  []event       // guarded by mu; events[:taken] are gone
	taken   int           // guarded by mu
	bytes   int           // guarded by mu: cost of what waits
	ended   bool          // guarded by mu: nothing is added any more
	running bool          // guarded by mu: a callback is running, or about to
	room    chan struct{} // guarded by mu: closed when bytes falls below bound; nil while the reader does not wait for that
}

func newCallbackQueue(bound int) *callbackQueue {
	in := &callbackQueue{bound: bound}
	in.more.L = &in.mu

	return in
}

// add queues an event.
func (in *callbackQueue) add(ev event) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ended {
		return
	}
	if in.taken > 0 && in.taken >= len(in.events)/2 {
		n := copy(in.events, in.events[in.taken:])
		clear(in.events[n:])
		in.events, in.taken = in.events[:n], 0
	}
	in.events = append(in.events, ev)
	in.bytes += ev.cost()
	in.more.Signal()
}

// full returns nil while there is room. Otherwise it returns how much waits and a channel that is
// closed when there is room.
func (in *callbackQueue) full() (size int, room <-chan struct{}) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.bytes < in.bound || in.ended {
		return in.bytes, nil
	}
	if in.room == nil {
		in.room = make(chan struct{})
	}

	return in.bytes, in.room
}

// take waits for the next event. It tells no when there will be none.
func (in *callbackQueue) take() (event, bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.running = false
	for in.taken == len(in.events) {
		if in.ended {
			return event{}, false
		}
		in.more.Wait()
	}
	ev := in.events[in.taken]
	in.events[in.taken] = event{}
	in.taken++
	in.bytes -= ev.cost()
	if in.bytes < in.bound {
		in.openRoomLocked()
	}
	in.running = true

	return ev, true
}

// finish ends the queue behind what is in it.
func (in *callbackQueue) finish() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.endLocked()
}

// discard ends the queue at once, and tells whether a callback is running: the last one.
func (in *callbackQueue) discard() (running bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.events, in.taken, in.bytes = nil, 0, 0
	in.endLocked()

	return in.running
}

func (in *callbackQueue) endLocked() {
	in.ended = true
	in.openRoomLocked()
	in.more.Signal()
}

func (in *callbackQueue) openRoomLocked() {
	if in.room != nil {
		close(in.room)
		in.room = nil
	}
}

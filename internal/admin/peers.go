package admin

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

const (
	// maxWaiting bounds the requests of other nodes that wait.
	maxWaiting = 1024
	// bansPerPacket bounds a packet with bans, each of some 200 bytes at most.
	bansPerPacket = 100
)

// Peers asks the other nodes, and answers them. Safe for use by several goroutines.
type Peers struct {
	links  Links
	local  Local
	log    *slog.Logger
	probed func(roundTrip time.Duration)
	begun  time.Time // probes count from it

	waiting chan job // requests of other nodes
	stopped chan struct{}
	done    sync.WaitGroup

	mu     sync.Mutex
	last   uint64           // guarded by mu; id of the newest call
	calls  map[uint64]*call // guarded by mu
	closed bool             // guarded by mu

	roundTrips map[node.ID]time.Duration // guarded by mu; of the last probe that came back
}

// job is a request of another node, or what is due to one that has entered.
type job struct {
	from    node.ID
	id      uint64
	body    []byte
	entered bool
}

// call waits for an answer.
type call struct {
	to     node.ID
	answer chan answer // has room for one; closed when the link has ended
}

// New makes a node's half, and starts the goroutine that answers other nodes. Stop it. Probed is
// called with how long a probe and its echo took; it must not block.
func New(links Links, local Local, probed func(time.Duration), log *slog.Logger) *Peers {
	p := &Peers{
		links: links, local: local, log: log, probed: probed, begun: time.Now(),
		waiting: make(chan job, maxWaiting), stopped: make(chan struct{}), calls: make(map[uint64]*call),
		roundTrips: make(map[node.ID]time.Duration),
	}
	p.done.Go(p.answerRequests)

	return p
}

// Stop ends the goroutine and all calls.
func (p *Peers) Stop() {
	p.mu.Lock()
	was := p.closed
	p.closed = true
	p.endLocked(func(*call) bool { return true })
	p.mu.Unlock()
	if !was {
		close(p.stopped)
	}
	p.done.Wait()
}

// NodeDown ends the calls to a node whose link has ended.
func (p *Peers) NodeDown(n node.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.roundTrips, n)
	p.endLocked(func(c *call) bool { return c.to == n })
}

func (p *Peers) endLocked(which func(*call) bool) {
	for id, c := range p.calls {
		if which(c) {
			close(c.answer)
			delete(p.calls, id)
		}
	}
}

// HandlePacket takes a packet of another node, and keeps nothing of it. It does not block.
func (p *Peers) HandlePacket(from node.ID, received []byte) {
	kind, id, body, ok := parsePacket(received)
	if !ok {
		p.log.Warn("a packet of another node was dropped: it has no head", "node", from.String())

		return
	}
	switch kind {
	case kindProbe:
		_ = p.links.Send(from, packet(kindEcho, id, body)) // a probe that is lost is not counted
	case kindEcho:
		if len(body) == 8 {
			p.echoed(from, time.Since(p.begun)-time.Duration(binary.BigEndian.Uint64(body)))
		}
	case kindRequest:
		select {
		case p.waiting <- job{from: from, id: id, body: append([]byte(nil), body...)}:
		default:
			p.log.Warn("a request of another node was dropped: too many wait", "node", from.String())
		}
	case kindAnswer:
		p.answered(from, id, body)
	}
}

func (p *Peers) echoed(from node.ID, roundTrip time.Duration) {
	p.probed(roundTrip)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.roundTrips[from] = roundTrip
}

func (p *Peers) answered(from node.ID, id uint64, body []byte) {
	var a answer
	if err := json.Unmarshal(body, &a); err != nil {
		p.log.Warn("an answer of another node was dropped", "node", from.String(), "error", err)

		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.calls[id]; c != nil && c.to == from {
		c.answer <- a // there is room for one
		delete(p.calls, id)
	}
}

// answerRequests answers other nodes until Stop.
func (p *Peers) answerRequests() {
	for {
		select {
		case <-p.stopped:
			return
		case j := <-p.waiting:
			if j.entered {
				p.tellBans(j.from)

				continue
			}
			var q request
			if err := json.Unmarshal(j.body, &q); err != nil {
				p.log.Warn("a request of another node was dropped", "node", j.from.String(), "error", err)

				continue
			}
			a := serve(p.local, &q)
			_ = p.links.Send(j.from, packet(kindAnswer, j.id, encode(&a))) // the link has ended: nothing waits there
		}
	}
}

// ask asks a node, this one or another. Errors: ErrNoAnswer, ctx's.
func (p *Peers) ask(ctx context.Context, to node.ID, q *request) (answer, error) {
	if to == p.links.Self() {
		return serve(p.local, q), nil
	}
	c := &call{to: to, answer: make(chan answer, 1)}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()

		return answer{}, ErrNoAnswer
	}
	p.last++
	id := p.last
	p.calls[id] = c
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.calls, id)
		p.mu.Unlock()
	}()
	if err := p.links.Send(to, packet(kindRequest, id, encode(q))); err != nil {
		return answer{}, ErrNoAnswer
	}
	select {
	case a, ok := <-c.answer:
		if !ok {
			return answer{}, ErrNoAnswer
		}

		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

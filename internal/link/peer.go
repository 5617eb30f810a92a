package link

import (
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// peer is what an endpoint knows of another node, whether there is a link or not.
type peer struct {
	id    node.ID
	lower bool // this node's ID is the lower one: it dials for links, the peer asks

	token handlerToken

	// Guarded by the endpoint's mu.
	refs      int           // uses of the struct besides what stands below; 0: may be forgotten
	link      *Link         // not ended; written by the holder of token, too
	ended     uint64        // the highest number that either side has ended
	endedAt   time.Duration // clock
	creating  uint64        // the number proposed; 0: none
	proposed  time.Duration // clock; when it was last sent
	lingering []*conn       // connections whose goodbye is not yet written

	// Guarded by the endpoint's mu: what dial is to do.
	wanted  bool
	addr    string // of Want
	asked   string // the peer asks to be dialed here; empty: it does not
	lost    uint64 // with asked: the attempt whose connection the peer has lost
	dialing bool   // the loop runs
	tries   int    // since the connection broke or the address was new
	slept   bool   // the pause before the next try is over
	wake    chan struct{}
}

// handlerToken is what the goroutine holds that calls the handler for a peer. Its holder alone may
// change which link and connection there are. It is a channel: a goroutine that
// waits for a mutex would stop the clock of testing/synctest.
type handlerToken chan struct{}

func (t handlerToken) take()     { t <- struct{}{} }
func (t handlerToken) giveBack() { <-t }

// acquire returns the node's peer, which is not forgotten before release. Nil after Close.
func (e *Endpoint) acquire(id node.ID) *peer {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}

	return e.acquireLocked(id)
}

func (e *Endpoint) acquireLocked(id node.ID) *peer {
	p := e.peers[id]
	if p == nil {
		p = &peer{id: id, lower: e.cfg.Self.Compare(id) < 0, token: make(handlerToken, 1), wake: make(chan struct{}, 1)}
		e.peers[id] = p
	}
	p.refs++

	return p
}

func (e *Endpoint) release(p *peer) {
	e.mu.Lock()
	p.refs--
	e.mu.Unlock()
}

const (
	// remember is how long a number that has ended is known.
	remember = time.Hour
	// maxPeers bounds the peers without a link. Beyond, the ones that ended first are forgotten.
	maxPeers = 4096
)

// forgetLocked forgets peers that have no link, no task and no recent number. Called with mu held.
func (e *Endpoint) forgetLocked(now time.Duration) {
	for len(e.peers) > 0 {
		var oldest *peer
		idle := 0
		for id, p := range e.peers {
			if p.refs > 0 || p.link != nil || p.creating != 0 || p.wanted || p.dialing || len(p.lingering) > 0 {
				continue
			}
			if p.ended == 0 || now-p.endedAt >= remember {
				delete(e.peers, id)

				continue
			}
			idle++
			if oldest == nil || p.endedAt < oldest.endedAt {
				oldest = p
			}
		}
		if idle <= maxPeers {
			return
		}
		delete(e.peers, oldest.id)
	}
}

// endedUpTo notes the highest number ended. Called with the endpoint's mu held.
func (p *peer) endedUpTo(number uint64, now time.Duration) {
	p.ended, p.endedAt = max(p.ended, number), now
	if p.creating != 0 && p.creating <= p.ended {
		p.creating = 0
	}
}

package directory

import (
	"slices"
	"strings"

	"github.com/parley-dm/parley/internal/node"
)

// core is one node's part of the directory, as a state machine: no I/O, no goroutine, no clock.
// Events come as method calls, one at a time; what they cause leaves through effects.
//
// Each event ends with finish. Work that grows with the number of users is left to work, which does
// it in slices.
type core struct {
	fx         effects
	rules      rules
	maxWaiting int // waiting requests, in all
	patience   uint32

	me    *peer             // this node; a new one for each life
	peers map[node.ID]*peer // nodes with a link
	life  uint32            // counts how often this node left its view: sessions confirmed in an earlier life are claimed again

	// The view.
	num     uint32
	view    uint64  // hash of the members, 0: this node is in no view
	members []*peer // sorted by ID, this node included
	agree   int     // members that have announced this view, for its present number

	// As a holder: this node's sessions.
	sessions   map[string]*session // by user ID; the newest
	all        []*session          // at session.index
	claiming   []*session          // not registered, at session.pos
	joiners    []*peer             // linked, not entered, or not moved to yet: a session is registered with each that outranks its owner
	standing   int                 // sessions confirmed in this life
	undecided  int                 // sessions confirmed in an earlier life that have to be claimed again, or whose claim is out
	reclaiming bool                // effects.reclaimed is due when none is undecided

	// As an owner.
	index    map[string]*entry // by user ID: the first of a chain
	entries  int
	floors   map[string]node.Stamp // newest epochs that are further ahead than the clock follows
	floor    node.Stamp            // the same for the users that did not fit in floors
	waits    map[string]*queue     // requests that wait, by user ID
	requests requestList           // the same, by arrival
	waiting  int
	ticks    uint32

	// As an asker.
	lookups map[uint64]*lookup
	asked   list[lookup] // its cursor: of the pass that asks again after a view change
	spare   list[lookup] // to be used again

	jobs  jobs
	self  []message // messages to itself that have not been handled
	next  int       // of self
	dirty []*peer   // with a batch to be sent
	buf   []byte    // scratch

	stats counters
}

// effects is what the core causes. Calls must not call the core back.
type effects interface {
	send(to *peer, packet []byte) // the packet is the core's again after the call
	leased() bool                 // read at the moment of a decision
	now() node.Stamp
	observe(s node.Stamp)
	decided(s *session, err error)     // a claim, unless it was made again after a pause
	evict(s *session, next node.Place) // core.evicted follows
	located(token uint64, at node.Place)
	notFound(token uint64)
	lookupFailed(token uint64)
	reclaimed()
}

// rules are the rules of the protocol, all on. Tests switch off one at a time to show that it is
// necessary; the names are those of the model that found them.
type rules struct {
	lease    bool // no confirmation and no "not found" while the lease does not hold
	confView bool // a confirmation counts only in the view number of its claim
	reqView  bool // an owner decides only for requests of its own view
	echo     bool // an announcement counts only if it names the receiver's present number
	replica  bool // an owner's entries change only by their holder's messages or the link's end
	tidy     bool // newer announcements void older requests; unwanted confirmations are unregistered
	bump     bool // a new login's stamp is above every entry's
	evEpoch  bool // and above the epochs named by "evicted" and "unregister"
	yield    bool // a claim made again after a pause loses to any entry
	sync     bool // own registrations are sent before the announcement
	after    bool // a holder unregisters with a former owner after its announcement
	settled  bool // decisions need the agreement of all members
	evict    bool // a session is confirmed after the older one has been evicted
	atomic   bool // the entries of a lost node go in the step in which the view changes
}

func allRules() rules {
	return rules{true, true, true, true, true, true, true, true, true, true, true, true, true, true}
}

// peer is a node during one life of the link to it. A new link is a new peer.
type peer struct {
	id   node.ID
	seed uint64 // of the weights
	gone bool   // its link has ended: whatever refers to it is void, and is thrown away by work

	member bool
	joiner bool // in core.joiners: its sessions are registered with it ahead
	ahead  bool // and completely
	agrees bool // counted in core.agree

	seen uint32 // newest number that it has announced: its requests of earlier numbers are void
	said announcement

	sessions []*session // of this node, registered with it, at session.pos
	early    []*session // of this node, registered with it ahead; may hold some that are over, or some twice
	entries  []*entry   // its sessions registered here, at entry.pos
	waiting  int        // its requests that wait here

	batch     []byte // registrations or unregistrations to be sent
	batchKind kind
}

// announcement is a node's announcement of its view.
type announcement struct {
	view      uint64
	num, echo uint32
}

func newCore(self node.ID, fx effects, maxWaiting int, patience uint32) *core {
	return &core{
		fx:         fx,
		rules:      allRules(),
		maxWaiting: maxWaiting,
		patience:   patience,
		me:         newPeer(self),
		peers:      make(map[node.ID]*peer),
		sessions:   make(map[string]*session),
		index:      make(map[string]*entry),
		waits:      make(map[string]*queue),
		lookups:    make(map[uint64]*lookup),
		floors:     make(map[string]node.Stamp),
		life:       1,
	}
}

func newPeer(id node.ID) *peer { return &peer{id: id, seed: seedOf(id)} }

// peer returns the node with that ID, made if need be.
func (c *core) peer(id node.ID) *peer {
	if id == c.me.id {
		return c.me
	}
	p := c.peers[id]
	if p == nil {
		p = newPeer(id)
		c.peers[id] = p
	}

	return p
}

// packet handles a packet of that node, up to its first malformed message.
func (c *core) packet(from node.ID, b []byte) error {
	defer c.finish()
	if len(b) == 0 {
		return errMalformed
	}
	p, k := c.peer(from), kind(b[0])
	var m message
	newest := node.Stamp(0)
	rest, err := m.decode(k, b[1:])
	for ; err == nil; rest, err = m.decode(k, rest) {
		if len(rest) > 0 && !k.batched() {
			err = errMalformed

			break
		}
		if newest = max(newest, m.stamp); !k.batched() && newest > 0 {
			c.fx.observe(newest)
		}
		c.handle(p, &m)
		if len(rest) == 0 {
			break
		}
	}
	if k.batched() && newest > 0 { // once for all
		c.fx.observe(newest)
	}

	return err
}

// post sends a message: at once, into the batch of registrations, or to this node itself.
func (c *core) post(to *peer, m *message) {
	switch {
	case to.gone:
	case to == c.me:
		c.self = append(c.self, *m)
	case m.kind.batched():
		if to.batchKind != m.kind {
			c.flush(to)
		}
		if len(to.batch) == 0 {
			to.batchKind = m.kind
			to.batch = append(to.batch, byte(m.kind))
			c.dirty = append(c.dirty, to)
		}
		if to.batch = m.append(to.batch); len(to.batch) > maxBatch {
			c.flush(to)
		}
	default:
		c.flush(to)
		c.buf = m.append(append(c.buf[:0], byte(m.kind)))
		c.fx.send(to, c.buf)
	}
}

// maxBatch bounds a packet of registrations, in bytes, but for its last item.
const maxBatch = 32<<10 - 256

func (c *core) flush(p *peer) {
	if len(p.batch) == 0 {
		return
	}
	if !p.gone {
		c.fx.send(p, p.batch)
	}
	if p.batch = p.batch[:0]; cap(p.batch) > 1<<10 && c.jobs.idle() {
		p.batch = nil
	}
}

// finish ends an event: messages to itself are handled, batches are sent.
func (c *core) finish() {
	for c.next < len(c.self) {
		m := c.self[c.next]
		c.self[c.next] = message{}
		c.next++
		c.handle(c.me, &m)
	}
	c.self, c.next = c.self[:0], 0
	for _, p := range c.dirty {
		c.flush(p)
	}
	clear(c.dirty)
	c.dirty = c.dirty[:0]
	if c.reclaiming && c.undecided == 0 && c.view != 0 {
		c.reclaiming = false
		c.fx.reclaimed()
	}
}

func (c *core) handle(from *peer, m *message) {
	switch m.kind {
	case kindAnnounce:
		c.announced(from, m)
	case kindRegister:
		c.register(from, m)
	case kindUnregister, kindEvicted:
		c.unregister(from, m)
	case kindClaim, kindLookup:
		c.request(from, m)
	case kindConfirm:
		c.confirmed(from, m)
	case kindReplaced:
		c.replaced(m)
	case kindRefuse:
		c.refused(m)
	case kindEvict:
		c.evictRequested(from, m)
	case kindFound, kindNotFound, kindFailed:
		c.answered(m)
	}
}

// retained returns the user ID of a message as a string of its own.
func (m *message) retained() string {
	if m.owned {
		return m.user
	}

	return strings.Clone(m.user)
}

// placeOf is the place that a message names.
func (c *core) placeOf(m *message) node.Place {
	if p := c.peers[m.next]; p != nil {
		return node.Place{Node: p.id, SID: m.at}
	}
	if m.next == c.me.id {
		return node.Place{Node: c.me.id, SID: m.at}
	}

	return node.Place{Node: node.ID{Name: strings.Clone(m.next.Name), Incarnation: m.next.Incarnation}, SID: m.at}
}

func without(list []*peer, p *peer) []*peer {
	if i := slices.Index(list, p); i >= 0 {
		return slices.Delete(list, i, i+1)
	}

	return list
}

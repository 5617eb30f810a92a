package directory

import (
	"log/slog"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// Links carries packets to the other nodes. Package cluster implements it.
type Links interface {
	Self() node.ID
	// Send never blocks, and calls nothing of the directory. Packets to one node keep their order.
	// The packet belongs to the caller again when Send returns. A node.ErrOverloaded is tried
	// again; after any other error the link has ended.
	Send(to node.ID, packet []byte) error
	// Leased tells whether the lease of this node holds at this moment.
	Leased() bool
}

// Sessions is told of the sessions of this node. Its calls come one at a time, in the order of the
// decisions, without the directory's lock. They must not block.
type Sessions interface {
	// Evict ends the session at once: it sends nothing more. A newer login of the user is at next,
	// here or elsewhere. Evict returns the newest epoch that the session has used. It may be called
	// before Claim has returned nil for that session.
	Evict(userID string, sid node.SID, next node.Place) (newestEpoch uint64)
	// Reclaimed is called when, after Paused, all sessions have been confirmed anew or replaced.
	Reclaimed()
}

// Asker gets the answers to lookups: exactly one for each, unless it was cancelled. Calls come one
// at a time, without the directory's lock, maybe before Lookup returns. They must not block.
type Asker interface {
	Located(token uint64, place node.Place)
	NotFound(token uint64)
	LookupFailed(token uint64) // no answer in time, or too many lookups wait
}

// Options of a directory. The zero value is usable.
type Options struct {
	Log        *slog.Logger
	MaxWaiting int           // requests that wait at this node as owner; each member has an equal share. Default 100,000
	Patience   time.Duration // how long a request waits. Default 2 s
}

const (
	defaultMaxWaiting = 100_000
	defaultPatience   = 2 * time.Second
	ticksOfPatience   = 16   // Patience is kept to 1/16
	slice             = 1000 // steps of work for which the lock is held
)

// Directory is one node's part of the cluster's directory. Safe for use by several goroutines.
type Directory struct {
	links    Links
	clock    *node.Clock
	log      *slog.Logger
	every    time.Duration // between ticks
	sessions Sessions      // set before the first claim
	asker    Asker         // set before the first lookup

	mu         sync.Mutex
	core       *core              // guarded by mu
	outbox     []callback         // guarded by mu; in order
	spare      []callback         // guarded by mu; the other of two buffers that take turns
	draining   bool               // guarded by mu; a goroutine runs the callbacks
	working    bool               // guarded by mu; a goroutine does what work has left
	ticking    bool               // guarded by mu; the timer runs
	backlog    map[*peer]*backlog // guarded by mu; packets that a link had no room for
	malformed  uint64             // guarded by mu
	dropped    uint64             // guarded by mu
	delayed    uint64             // guarded by mu
	complained time.Time          // guarded by mu; of a malformed packet
}

// New makes a node's directory, which is in no view.
func New(links Links, clock *node.Clock, opts Options) *Directory {
	if opts.MaxWaiting <= 0 {
		opts.MaxWaiting = defaultMaxWaiting
	}
	if opts.Patience <= 0 {
		opts.Patience = defaultPatience
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	d := &Directory{
		links:    links,
		clock:    clock,
		log:      opts.Log,
		every:    max(opts.Patience/ticksOfPatience, time.Millisecond),
		sessions: deaf{},
		asker:    deaf{},
		backlog:  make(map[*peer]*backlog),
	}
	d.core = newCore(links.Self(), (*port)(d), opts.MaxWaiting, ticksOfPatience)

	return d
}

// SetSessions says where evictions go. Call it before the first claim.
func (d *Directory) SetSessions(s Sessions) { d.sessions = s }

// SetAsker says where answers to lookups go. Call it before the first lookup.
func (d *Directory) SetAsker(a Asker) { d.asker = a }

// deaf stands in for what was not set.
type deaf struct{}

func (deaf) Evict(string, node.SID, node.Place) uint64 { return 0 }
func (deaf) Reclaimed()                                {}
func (deaf) Located(uint64, node.Place)                {}
func (deaf) NotFound(uint64)                           {}
func (deaf) LookupFailed(uint64)                       {}

package directory

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

// net joins directories by queues: one goroutine for each pair and direction, which delivers in
// order.
type net struct {
	delay time.Duration
	done  sync.WaitGroup

	mu    sync.Mutex
	nodes map[node.ID]*peerNode
	pipes map[[2]node.ID]*pipe
}

type pipe struct {
	mu     sync.Mutex
	wake   *sync.Cond
	queue  [][]byte
	closed bool
}

// peerNode is a node of the tests below: the directory and what is above it.
type peerNode struct {
	net  *net
	id   node.ID
	dir  *Directory
	full atomic.Bool // Send refuses as overloaded
	mute atomic.Bool // the lease does not hold

	mu      sync.Mutex
	events  []string // what Sessions and Asker are told
	epochs  map[node.SID]uint64
	answers map[uint64]chan string
}

func newNet(delay time.Duration) *net {
	return &net{delay: delay, nodes: make(map[node.ID]*peerNode), pipes: make(map[[2]node.ID]*pipe)}
}

func (n *net) add(name string, opts Options) *peerNode {
	p := &peerNode{net: n, id: node.New(name), epochs: make(map[node.SID]uint64), answers: make(map[uint64]chan string)}
	p.dir = New(p, &node.Clock{}, opts)
	p.dir.SetSessions(p)
	p.dir.SetAsker(p)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nodes[p.id] = p
	for id, o := range n.nodes {
		if o != p {
			n.pipe(p, o)
			n.pipe(o, p)
			_ = id
		}
	}

	return p
}

func (n *net) pipe(from, to *peerNode) {
	p := &pipe{}
	p.wake = sync.NewCond(&p.mu)
	n.pipes[[2]node.ID{from.id, to.id}] = p
	n.done.Go(func() {
		for {
			p.mu.Lock()
			for len(p.queue) == 0 && !p.closed {
				p.wake.Wait()
			}
			if p.closed {
				p.mu.Unlock()

				return
			}
			packet := p.queue[0]
			p.queue = p.queue[1:]
			p.mu.Unlock()
			if n.delay > 0 {
				time.Sleep(n.delay)
			}
			to.dir.HandlePacket(from.id, packet)
		}
	})
}

func (n *net) close() {
	n.mu.Lock()
	for _, p := range n.pipes {
		p.close()
	}
	n.mu.Unlock()
	n.done.Wait()
}

func (p *pipe) close() {
	p.mu.Lock()
	p.closed, p.queue = true, nil
	p.wake.Broadcast()
	p.mu.Unlock()
}

// view is the view of all nodes given.
func view(nodes ...*peerNode) View {
	var v View
	for _, p := range nodes {
		v.Members = append(v.Members, p.id)
	}
	slices.SortFunc(v.Members, node.ID.Compare)

	return v
}

// start makes a settled cluster of that many nodes.
func start(t *testing.T, n *net, nodes int, opts Options) []*peerNode {
	t.Helper()
	var all []*peerNode
	for i := range nodes {
		all = append(all, n.add(fmt.Sprintf("n%d", i+1), opts))
	}
	for _, p := range all {
		p.dir.ViewChanged(view(all...))
	}

	return all
}

// crash ends a node, as the others see it.
func (n *net) crash(gone *peerNode, rest ...*peerNode) {
	n.mu.Lock()
	for key, p := range n.pipes {
		if key[0] == gone.id || key[1] == gone.id {
			p.close()
			delete(n.pipes, key)
		}
	}
	n.mu.Unlock()
	for _, p := range rest {
		p.dir.NodeDown(gone.id, view(rest...))
	}
}

func (p *peerNode) Self() node.ID { return p.id }

func (p *peerNode) Send(to node.ID, packet []byte) error {
	if p.full.Load() {
		return node.ErrOverloaded
	}
	p.net.mu.Lock()
	pipe := p.net.pipes[[2]node.ID{p.id, to}]
	p.net.mu.Unlock()
	if pipe == nil {
		return node.ErrNoNode
	}
	pipe.mu.Lock()
	pipe.queue = append(pipe.queue, slices.Clone(packet))
	pipe.wake.Signal()
	pipe.mu.Unlock()

	return nil
}

func (p *peerNode) Leased() bool { return !p.mute.Load() }

func (p *peerNode) Evict(userID string, sid node.SID, next node.Place) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, fmt.Sprintf("evict %s %s next %s/%s", userID, short(sid), next.Node.Name, short(next.SID)))

	return p.epochs[sid]
}

func (p *peerNode) Reclaimed() { p.tell("reclaimed") }

func (p *peerNode) Located(token uint64, at node.Place) {
	p.answer(token, "at "+at.Node.Name+"/"+short(at.SID))
}
func (p *peerNode) NotFound(token uint64)     { p.answer(token, "not found") }
func (p *peerNode) LookupFailed(token uint64) { p.answer(token, "failed") }

func (p *peerNode) tell(event string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, event)
}

func (p *peerNode) told() []string {
	p.mu.Lock()
	defer p.mu.Unlock()

	return slices.Clone(p.events)
}

func (p *peerNode) answer(token uint64, text string) {
	p.mu.Lock()
	c := p.answers[token]
	delete(p.answers, token)
	p.mu.Unlock()
	if c != nil {
		c <- text
	}
}

var tokens atomic.Uint64

// lookup asks, and gives the answer when it comes.
func (p *peerNode) lookup(user string) <-chan string {
	token, c := tokens.Add(1), make(chan string, 1)
	p.mu.Lock()
	p.answers[token] = c
	p.mu.Unlock()
	p.dir.Lookup(user, token)

	return c
}

func sidOf(n int) (sid node.SID) {
	sid[0], sid[14], sid[15] = 1, byte(n>>8), byte(n)

	return sid
}

// ownedBy returns a user ID that the node owns among all.
func ownedBy(owner *peerNode, prefix string, all ...*peerNode) string {
	c := newCore(owner.id, nil, 1, 1)
	for _, id := range view(all...).Members {
		c.members = append(c.members, c.peer(id))
	}
	for i := 0; ; i++ {
		if user := fmt.Sprint(prefix, i); c.ownerOf(hashUser(user)) == c.me {
			return user
		}
	}
}

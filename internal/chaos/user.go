package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

// user is always connected, as far as the run allows it, and writes to friends.
type user struct {
	index   int
	id      string
	token   string
	web     bool // by WebSocket
	cluster *cluster
	history *history
	friends []*user

	mu       sync.Mutex
	rng      *rand.Rand
	home     int            // guarded by mu: the node to connect to if it is up
	away     chan struct{}  // guarded by mu: closed when the user may connect again; nil: it may
	client   *client.Client // guarded by mu: the newest
	now      *session       // guarded by mu: the newest that had a welcome
	sessions []*session     // guarded by mu: all that were dialed
	ranks    int            // guarded by mu
	notices  []notice       // guarded by mu

	troubled atomic.Bool    // the nemesis has the user
	changing sync.Mutex     // held while the user is logged in
	inflight sync.WaitGroup // requests under way
	room     chan struct{}  // a place for each request under way
}

// notice is the news that a peer has gone.
type notice struct {
	of *user
	at moment
}

const maxInflight = 64

func newUser(index int, seed uint64, c *cluster) *user {
	return &user{
		index: index, id: fmt.Sprintf("%s%03d", names, index), web: index%4 == 3, cluster: c,
		rng: rand.New(rand.NewPCG(seed, uint64(index)+1)), room: make(chan struct{}, maxInflight),
	}
}

// dial is how the user's clients reach a node: a load balancer in front of the cluster, so to
// speak.
func (p *user) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.mu.Lock()
	away, home := p.away, p.home
	reckless := p.rng.IntN(10) == 0
	p.mu.Unlock()
	if away != nil {
		select {
		case <-away:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	n, addr, err := p.cluster.pick(home, p.web, reckless)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	s := &session{who: p, node: n, process: n.process, dialed: p.history.now()}
	n.mu.Unlock()
	nc, err := p.cluster.network.dial(ctx, clients, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s.conn = newRecordingConn(nc, s, p.history, p.web)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sessions = append(p.sessions, s)

	return s.conn, nil
}

// welcomed is called by the connection of a session that reads its welcome.
func (p *user) welcomed(s *session, sid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ranks++
	s.welcomed(p.history.now(), sid, p.ranks)
	p.now = s
}

func (p *user) told(peer string) {
	of := p.history.users[peer]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notices = append(p.notices, notice{of, p.history.now()})
}

// login makes a new client and makes it the user's.
func (p *user) login(ctx context.Context) error {
	url := "tcp://any:1"
	if p.web {
		url = "ws://any:1"
	}
	c, err := client.Dial(ctx, url,
		client.WithToken(p.token),
		client.WithDialer(p.dial),
		client.WithBackoff(100*time.Millisecond, time.Second),
		client.OnMessage(func(m client.Message) { p.history.handed(p, m.From, m.Body) }),
		client.OnPeerDisconnect(func(peer string, _ []byte) { p.told(peer) }),
	)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.client = c

	return nil
}

// current is the user's client and session.
func (p *user) current() (*client.Client, *session) {
	p.mu.Lock()
	defer p.mu.Unlock()

	return p.client, p.now
}

// keep logs the user in again whenever a server has sent the client away for good, until ctx ends.
func (p *user) keep(ctx context.Context) {
	for ctx.Err() == nil {
		p.mu.Lock()
		c := p.client
		p.mu.Unlock()
		select {
		case <-c.Done():
		case <-ctx.Done():
			return
		}
		p.changing.Lock()
		if now, _ := p.current(); now == c && ctx.Err() == nil {
			if err := p.login(ctx); err != nil {
				_ = sleep(ctx, 100*time.Millisecond)
			}
		}
		p.changing.Unlock()
	}
}

// move makes the user connect to another node: by closing first, or by a second login that replaces
// the first.
func (p *user) move(ctx context.Context, home int, second bool) {
	p.changing.Lock()
	defer p.changing.Unlock()
	old, was := p.current()
	p.mu.Lock()
	p.home = home
	p.mu.Unlock()
	if !second {
		was.doom(fateClose)
		_ = old.Close()
	}
	for p.login(ctx) != nil {
		if sleep(ctx, 100*time.Millisecond) != nil {
			return
		}
	}
	if second {
		p.expectReplaced(ctx, old, was)
	}
}

// expectReplaced waits until the older client knows that it was replaced.
func (p *user) expectReplaced(ctx context.Context, old *client.Client, was *session) {
	newer, _ := p.current()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-old.Done():
		goodbye, ok := errors.AsType[*client.GoodbyeError](old.Err())
		if !ok || goodbye.Code != wire.GoodbyeReplaced {
			p.history.note(fmt.Sprintf("%s: the older client ended with %v", p.id, old.Err()))
		}

		return // not to be closed: messages may be on their way to callbacks
	case <-newer.Done(): // the older one has lost its connection meanwhile, and come back: it is the newer one now
	case <-ctx.Done():
	case <-timer.C:
		p.history.violation(wrong{rule: twoSessions, text: fmt.Sprintf("%s has logged in again, and its older client lives: %v", p.id, was.record())})
	}
	was.doom(fateClose)
	_ = old.Close()
}

// send sends one message, and returns when it has gone out or ended. Then, called if not nil, hears
// how it ended.
func (p *user) send(ctx context.Context, to *user, padding int, then func(number int, end outcome)) {
	f := p.history.flow(p, to)
	f.starting.Lock()
	defer f.starting.Unlock()
	c, _ := p.current()
	number, wrote := f.begin(p.history.now())
	done := make(chan struct{})
	p.inflight.Go(func() {
		defer close(done)
		ctx, cancel := context.WithTimeoutCause(ctx, patience, errImpatient)
		defer cancel()
		_, err := c.Send(ctx, to.id, appendOp(number, padding))
		if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = context.Cause(ctx)
		}
		end := f.finish(number, p.history.now(), err)
		if then != nil {
			then(number, end)
		}
	})
	select {
	case <-wrote:
	case <-done:
	}
}

// chatter is the user's ordinary day: messages to friends, some alone, some in bursts, as many a
// second as said.
func (p *user) chatter(ctx, sending context.Context, perSecond float64) {
	const burst = 5
	for {
		p.mu.Lock()
		friend := p.friends[p.rng.IntN(len(p.friends))]
		n := 1
		if p.rng.IntN(burst*2) == 0 {
			n += burst
		}
		pause := time.Duration(p.rng.ExpFloat64() * 1.5 * float64(time.Second) / perSecond)
		p.mu.Unlock()
		if sleep(ctx, pause) != nil {
			return
		}
		for range n {
			select {
			case p.room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			p.mu.Lock()
			pad := padding(p.rng)
			p.mu.Unlock()
			p.send(sending, friend, pad, func(int, outcome) { <-p.room })
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

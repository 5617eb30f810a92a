package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// user keeps a client connected and sends messages to its recipients.
type user struct {
	index      int
	id         string
	token      string
	webSocket  bool // by WebSocket
	cluster    *cluster
	history    *history
	recipients []*user

	mu            sync.Mutex
	rng           *rand.Rand
	preferredNode int           // guarded by mu: the node to connect to if it is up
	absent        chan struct{} // guarded by mu: closed when the user may connect again; nil: it may
	client        *chaosClient  // guarded by mu: the newest
	session       *session      // guarded by mu: the newest that had a welcome
	sessions      []*session    // guarded by mu: all that were dialed
	sessionCount  int           // guarded by mu
	notices       []notice      // guarded by mu

	disturbed atomic.Bool    // claimed by the nemesis
	loginMu   sync.Mutex     // held while the user is logged in
	inflight  sync.WaitGroup // requests under way
	slots     chan struct{}  // holds one value for each request under way
}

// notice records that the client was told of a peer's disconnect.
type notice struct {
	peer *user
	at   moment
}

const maxInflight = 64

func newUser(index int, seed uint64, c *cluster) *user {
	return &user{
		index: index, id: fmt.Sprintf("%s%03d", userIDMarker, index), webSocket: index%4 == 3, cluster: c,
		rng: rand.New(rand.NewPCG(seed, uint64(index)+1)), slots: make(chan struct{}, maxInflight),
	}
}

// dial connects the user's clients to a node, as through a load balancer.
func (u *user) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	u.mu.Lock()
	away, home := u.absent, u.preferredNode
	reckless := u.rng.IntN(10) == 0
	u.mu.Unlock()
	if away != nil {
		select {
		case <-away:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	n, addr, err := u.cluster.pickNode(home, u.webSocket, reckless)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	s := &session{user: u, node: n, process: n.process, dialed: u.history.now()}
	n.mu.Unlock()
	nc, err := u.cluster.network.dial(ctx, clients, "tcp", addr)
	if err != nil {
		return nil, err
	}
	s.conn = newRecordingConn(nc, s, u.history, u.webSocket)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sessions = append(u.sessions, s)

	return s.conn, nil
}

// welcomed is called by the connection of a session that reads its welcome.
func (u *user) welcomed(s *session, sid string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sessionCount++
	s.welcomed(u.history.now(), sid, u.sessionCount)
	u.session = s
}

func (u *user) noteDisconnect(peer string) {
	of := u.history.users[peer]
	u.mu.Lock()
	defer u.mu.Unlock()
	u.notices = append(u.notices, notice{of, u.history.now()})
}

// login dials a new client and makes it the user's.
func (u *user) login(ctx context.Context) error {
	c, err := dialClient(ctx, u)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.client = c

	return nil
}

// current is the user's client and session.
func (u *user) current() (*chaosClient, *session) {
	u.mu.Lock()
	defer u.mu.Unlock()

	return u.client, u.session
}

// keepLoggedIn logs the user in again whenever a server has sent the client away for good, until
// ctx ends.
func (u *user) keepLoggedIn(ctx context.Context) {
	for ctx.Err() == nil {
		u.mu.Lock()
		c := u.client
		u.mu.Unlock()
		select {
		case <-c.Done():
		case <-ctx.Done():
			return
		}
		u.loginMu.Lock()
		if now, _ := u.current(); now == c && ctx.Err() == nil {
			if err := u.login(ctx); err != nil {
				_ = sleep(ctx, 100*time.Millisecond)
			}
		}
		u.loginMu.Unlock()
	}
}

// move makes the user connect to another node: by closing first, or by a second login that replaces
// the first.
func (u *user) move(ctx context.Context, home int, second bool) {
	u.loginMu.Lock()
	defer u.loginMu.Unlock()
	old, was := u.current()
	u.mu.Lock()
	u.preferredNode = home
	u.mu.Unlock()
	if !second {
		was.setCause(causeClose)
		_ = old.Close()
	}
	for u.login(ctx) != nil {
		if sleep(ctx, 100*time.Millisecond) != nil {
			return
		}
	}
	if second {
		u.expectReplaced(ctx, old, was)
	}
}

// expectReplaced waits until the older client is told that it was replaced.
func (u *user) expectReplaced(ctx context.Context, old *chaosClient, was *session) {
	newer, _ := u.current()
	timer := time.NewTimer(sendTimeout)
	defer timer.Stop()
	select {
	case <-old.Done():
		if !old.replaced() {
			u.history.note(fmt.Sprintf("%s: the older client ended with %v", u.id, old.Err()))
		}

		return // not to be closed: messages may be on their way to callbacks
	case <-newer.Done(): // the older one has lost its connection meanwhile, and come back: it is the newer one now
	case <-ctx.Done():
	case <-timer.C:
		u.history.violated(violation{rule: twoSessions, text: fmt.Sprintf("%s has logged in again, and its older client lives: %v", u.id, was.record())})
	}
	was.setCause(causeClose)
	_ = old.Close()
}

// send sends one message, and returns once it is written or has ended. then, if not nil, is called
// with the outcome.
func (u *user) send(ctx context.Context, to *user, padding int, then func(number int, end outcome)) {
	f := u.history.flow(u, to)
	f.sending.Lock()
	defer f.sending.Unlock()
	c, _ := u.current()
	number, wrote := f.begin(u.history.now())
	done := make(chan struct{})
	u.inflight.Go(func() {
		defer close(done)
		ctx, cancel := context.WithTimeoutCause(ctx, sendTimeout, errNoOutcome)
		defer cancel()
		err := c.send(ctx, to.id, appendOp(number, padding))
		end := f.finish(number, u.history.now(), err)
		if then != nil {
			then(number, end)
		}
	})
	select {
	case <-wrote:
	case <-done:
	}
}

// sendTraffic sends perSecond messages to the recipients, single ones and bursts, until ctx ends.
func (u *user) sendTraffic(ctx, sending context.Context, perSecond float64) {
	const burst = 5
	for {
		u.mu.Lock()
		friend := u.recipients[u.rng.IntN(len(u.recipients))]
		n := 1
		if u.rng.IntN(burst*2) == 0 {
			n += burst
		}
		pause := time.Duration(u.rng.ExpFloat64() * 1.5 * float64(time.Second) / perSecond)
		u.mu.Unlock()
		if sleep(ctx, pause) != nil {
			return
		}
		for range n {
			select {
			case u.slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			u.mu.Lock()
			pad := padding(u.rng)
			u.mu.Unlock()
			u.send(sending, friend, pad, func(int, outcome) { <-u.slots })
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

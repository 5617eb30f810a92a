package bench

import (
	"cmp"
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/wire"
)

// The honest load: honestUsers in pairs, each sending honestSize bytes to its partner honestRate
// times a second.
const (
	honestUsers    = 100
	honestRate     = 10
	honestSize     = 64
	honestPatience = 5 * time.Second // after which a message counts as lost

	honestNetwork = 3 // 127.0.3.x, an address for each user
)

// honestLoad is the honest users of a cluster of two nodes. Users 2n and 2n+1 are a pair: even
// pairs are on the first node, of odd ones the second user is on the second node.
type honestLoad struct {
	system *system
	users  []*honestUser
	start  time.Time
	// patience is how long a message may take; it is lost then.
	patience time.Duration

	phase  atomic.Pointer[honestPhase] // the measured one; nil: none
	closed atomic.Bool
	tasks  sync.WaitGroup

	nextLogin atomic.Uint32 // numbers the users that log in meanwhile
}

type honestUser struct {
	conn   *conn
	due    chan int64 // stamps of the messages to send, ns since the start
	broken atomic.Bool
}

// honestPhase is one measurement: messages due in [from, to) ns count.
type honestPhase struct {
	from, to int64
	arrived  atomic.Uint64
	oneWay   recorders // by user
	late     recorders // of the generator

	mu      sync.Mutex
	refused map[string]int // responses with an error, by code; guarded by mu
	broken  []string       // errors of connections; guarded by mu
}

// newHonestLoad logs the honest users in, each from an address of its own.
func newHonestLoad(ctx context.Context, sys *system) (*honestLoad, error) {
	sys = sys.withLimits("honest-")
	sys.localAddr = func(user uint32) net.Addr { return loopbackAddr(honestNetwork, 1+int(user)%250) }
	conns, err := sys.loginUsers(ctx, honestUsers, func(i int) int {
		if i/2%2 == 1 && i%2 == 1 {
			return 1
		}

		return 0
	}, nil)
	if err != nil {
		return nil, sys.explain(ctx, err)
	}
	h := &honestLoad{system: sys, start: time.Now(), patience: honestPatience}
	h.nextLogin.Store(honestUsers)
	for i, c := range conns {
		c.setRecipient(conns[i^1].user, honestSize)
		h.users = append(h.users, &honestUser{conn: c, due: make(chan int64, honestRate*int(maxAbuseDuration/time.Second+1))})
	}
	for i, u := range h.users {
		h.tasks.Go(func() { h.read(u, i) })
		h.tasks.Go(func() { h.send(u) })
	}

	return h, nil
}

func (h *honestLoad) now() int64 { return int64(time.Since(h.start)) }

// close logs the users out and waits for all goroutines.
func (h *honestLoad) close() {
	h.closed.Store(true)
	for _, u := range h.users {
		u.conn.close()
		close(u.due)
	}
	h.tasks.Wait()
}

// send sends a user's messages when they are due; a blocked connection delays this user's alone.
func (h *honestLoad) send(u *honestUser) {
	for at := range u.due {
		if u.broken.Load() {
			continue // not sent: counts as lost
		}
		if err := u.conn.send(uint64(at)); err != nil {
			h.breakOff(u, err)
		}
	}
}

// read records what arrives at a user.
func (h *honestLoad) read(u *honestUser, number int) {
	for {
		e, err := u.conn.event()
		now, p := h.now(), h.phase.Load()
		refusal, answered := errors.AsType[*wire.Error](err)
		switch {
		case answered:
			if p != nil {
				p.refuse(refusal.Code.String())
			}
		case err != nil:
			h.breakOff(u, err)

			return
		case len(e.payload) >= stampSize && p != nil:
			if at, err := e.stamp(); err == nil && int64(at) >= p.from && int64(at) < p.to {
				p.oneWay.forWorker(number).add(time.Duration(now - int64(at)))
				p.arrived.Add(1)
			}
		}
	}
}

// breakOff records the end of a user's connection, once.
func (h *honestLoad) breakOff(u *honestUser, err error) {
	if u.broken.Swap(true) || h.closed.Load() {
		return
	}
	if p := h.phase.Load(); p != nil {
		p.mu.Lock()
		p.broken = append(p.broken, err.Error())
		p.mu.Unlock()
	}
}

func (p *honestPhase) refuse(code string) {
	p.mu.Lock()
	p.refused[code]++
	p.mu.Unlock()
}

// HonestLoad is what became of the honest users' messages and logins in one phase.
type HonestLoad struct {
	// OneWay is from when a message was due until it arrived. A lost message counts as 5 s.
	OneWay  Latency        `json:"one_way"`
	Sent    uint64         `json:"sent"`
	Lost    uint64         `json:"lost"`                // not arrived within 5 s
	Refused map[string]int `json:"refused,omitempty"`   // responses with an error, by code
	Broken  []string       `json:"broken,omitempty"`    // errors of connections that ended
	Late    Latency        `json:"generator_late"`      // part of OneWay
	Logins  HonestLogins   `json:"logins_of_new_users"` // at the first node
}

// merge adds what another round has sent and lost. Times stay those of this one.
func (l *HonestLoad) merge(other *HonestLoad) {
	l.Sent += other.Sent
	l.Lost += other.Lost
	l.Broken = append(l.Broken, other.Broken...)
	l.Logins.Tried += other.Logins.Tried
	l.Logins.Failed += other.Logins.Failed
	l.Logins.Error = cmp.Or(l.Logins.Error, other.Logins.Error)
	for code, n := range other.Refused {
		if l.Refused == nil {
			l.Refused = map[string]int{}
		}
		l.Refused[code] += n
	}
}

// measure sends for a while, and waits until all has arrived or is lost.
func (h *honestLoad) measure(ctx context.Context, duration time.Duration) (HonestLoad, error) {
	p := &honestPhase{refused: map[string]int{}, oneWay: newRecorders(maxRecorders), late: newRecorders(1)}
	p.from = h.now() + int64(time.Millisecond)
	p.to = p.from + int64(duration)
	h.phase.Store(p)
	defer h.phase.Store(nil)
	logins := h.startLogins(ctx, duration)
	sent := h.pace(ctx, p)
	result := HonestLoad{Sent: sent, Logins: logins()}
	for ctx.Err() == nil && p.arrived.Load() < sent && h.now() < p.to+int64(h.patience) {
		if err := h.system.checkRunning(); err != nil {
			return result, err
		}
		sleep(ctx, checkInterval/10)
	}
	if ctx.Err() != nil {
		return result, context.Cause(ctx)
	}
	arrived := p.arrived.Load()
	result.Lost = sent - min(arrived, sent)
	for range result.Lost {
		p.oneWay.forWorker(0).add(h.patience)
	}
	result.OneWay, result.Late = latencyOf(p.oneWay.merged()), latencyOf(p.late.merged())
	p.mu.Lock()
	defer p.mu.Unlock()
	result.Refused, result.Broken = p.refused, p.broken

	return result, nil
}

// pace hands each user its messages when they are due, whatever became of earlier ones, and returns
// their number.
func (h *honestLoad) pace(ctx context.Context, p *honestPhase) (sent uint64) {
	const interval = int64(time.Second) / (honestUsers * honestRate)
	for due := p.from; due < p.to && ctx.Err() == nil; due += interval {
		if wait := due - h.now(); wait > 0 {
			pause(time.Duration(wait))
		}
		p.late.forWorker(0).add(time.Duration(h.now() - due))
		select {
		case h.users[int(sent)%len(h.users)].due <- due: // has room for the longest phase
		case <-ctx.Done():
		}
		sent++
	}

	return sent
}

package gateway

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// lives is an Authenticator whose tokens are a user ID, a space and how long the token is good for.
type lives struct{}

func (lives) Identify(_ context.Context, token string, remote net.Addr) (auth.Identity, error) {
	if remote == nil || remote.String() == "" {
		return auth.Identity{}, errors.New("no address")
	}
	id, text, _ := strings.Cut(strings.TrimPrefix(token, "token of "), " ")
	switch text {
	case "later":
		return auth.Identity{}, auth.ErrTokenUnknownKey
	case "for ever":
		return auth.Identity{UserID: id, RateMessages: auth.Rate{PerSecond: 7, Set: true}}, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return auth.Identity{}, auth.ErrTokenExpired
	}

	return auth.Identity{UserID: id, ExpiresAt: time.Now().Add(d)}, nil
}

// startWithLives is start, with tokens that end. A tick is 10 ms.
func startWithLives(tb testing.TB, grace time.Duration) *node {
	tb.Helper()
	n := newNode(tb, Config{Heartbeat: 80 * time.Millisecond, TokenGrace: grace})
	n.gw.auth = lives{}
	n.router.Handle(2, 1, echo)

	return n.listen(tb)
}

func (c *client) renew(id uint32, token string) wire.Frame {
	c.t.Helper()
	c.send(wire.Frame{Kind: wire.KindRequest, Ver: 1, Cmd: wire.CommandToken, ID: id, Payload: []byte(token)})
	for {
		switch f := c.next(); f.Kind {
		case wire.KindPing:
			c.send(wire.Frame{Kind: wire.KindPong, ID: f.ID})
		case wire.KindPong:
		case wire.KindResponse:
			return f
		default:
			c.t.Fatalf("%v %q", f.Kind, f.Payload)
		}
	}
}

func (c *client) wantCode(f wire.Frame, want wire.Code) {
	c.t.Helper()
	_, data, _ := wire.ParseResponse(f.Payload)
	if code, text, err := wire.ParseError(data); code != want || err != nil {
		c.t.Fatalf("code %d %q, %v; want %d", code, text, err, want)
	}
}

func TestASessionEndsWithItsToken(t *testing.T) {
	for _, row := range []struct{ life, grace time.Duration }{{time.Millisecond, 0}, {100 * time.Millisecond, 0}, {time.Millisecond, 200 * time.Millisecond}} {
		n := startWithLives(t, row.grace)
		c := n.dialTCP(t)
		begin := time.Now()
		if w := c.login2("alice", "alice "+row.life.String()); w.TokenMS < 1 || w.TokenMS > row.life.Milliseconds() {
			t.Errorf("the welcome says %d ms of %v", w.TokenMS, row.life)
		}
		stop := c.pongs()
		if text := c.wantGoodbye(wire.GoodbyeBadToken); text != expiredText {
			t.Errorf("goodbye %q", text)
		}
		stop()
		if lasted := time.Since(begin); lasted < row.life+row.grace {
			t.Errorf("it lasted %v of %v and %v", lasted, row.life, row.grace)
		}
		n.wantLeft(t, "alice", user.Left)
		if n.gw.Stats().Ended[CauseExpired] != 1 {
			t.Errorf("%+v", n.gw.Stats().Ended)
		}
	}
}

// login2 logs in with a token that is not the user ID.
func (c *client) login2(id, token string) wire.Welcome {
	c.t.Helper()
	c.send(helloFrame(token))

	return c.welcome(id)
}

// pongs keeps the heartbeat up while the test waits.
func (c *client) pongs() (stop func()) {
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(40 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				_ = c.io.send(wire.AppendBody(nil, wire.Frame{Kind: wire.KindPing}))
			}
		}
	}()

	return func() { close(done); <-over }
}

func TestAFreshTokenKeepsASession(t *testing.T) {
	n := startWithLives(t, 0)
	c := n.dialTCP(t)
	c.login2("alice", "alice 400ms")
	f := c.renew(1, "alice for ever")
	status, data, _ := wire.ParseResponse(f.Payload)
	if left, err := wire.ParseTokenTime(data); status != wire.StatusOK || left != 0 || err != nil || f.ID != 1 {
		t.Fatalf("%+v", f)
	}
	s := n.session(t, "alice")
	if r := s.token.rates.Load(); r == nil || r.Messages != 7 || r.Bytes != 0 {
		t.Errorf("rates %+v", r)
	}
	limited := false
	for range 5 { // of so many, two are in one second
		_, data, _ = wire.ParseResponse(c.renew(2, "alice for ever").Payload)
		code, _, err := wire.ParseError(data)
		limited = limited || err == nil && code == wire.CodeRateLimit
	}
	if !limited {
		t.Error("any number of tokens a second")
	}
	stop := c.pongs()
	until := n.gw.now.Load() + 50 // ticks of 10 ms: the first token's end passes
	testkit.Eventually(t, "the time is over", func() bool { return n.gw.now.Load() > until })
	stop()
	s.token.renewed.Store(0)
	f = c.renew(3, "alice 20ms") // also if it ends earlier
	if _, data, _ = wire.ParseResponse(f.Payload); len(data) != 8 {
		t.Fatalf("%+v", f)
	}
	c.wantGoodbye(wire.GoodbyeBadToken)
}

func TestATokenThatIsNotAcceptedLeavesTheSession(t *testing.T) {
	n := startWithLives(t, 0)
	c := n.dialTCP(t)
	c.login2("alice", "alice for ever")
	s := n.session(t, "alice")
	for token, want := range map[string]wire.Code{
		"alice 0s": wire.CodeBadToken, "bob for ever": wire.CodeBadToken, "": wire.CodeBadToken, "alice later": wire.CodeOverloaded,
	} {
		s.token.renewed.Store(0)
		c.wantCode(c.renew(5, token), want)
	}
	c.wantAliveAmongPings()
	if n.gw.Sessions() != 1 {
		t.Error("the session has ended")
	}
}

// wantAliveAmongPings is wantAlive for a server with a short heartbeat.
func (c *client) wantAliveAmongPings() {
	c.t.Helper()
	c.send(request(77, 1, "alive?"))
	for f := c.next(); f.Kind != wire.KindResponse; {
		f = c.next()
	}
}

// session is the session of a user that is there.
func (n *node) session(tb testing.TB, id string) *session {
	tb.Helper()
	n.user(tb, id)
	for _, s := range n.gw.wheel.all() {
		s.mu.Lock()
		u := s.user
		s.mu.Unlock()
		if u != nil && u.ID == id {
			return s
		}
	}
	tb.Fatalf("%s has no session", id)

	return nil
}

func TestATokenWithAnUnknownKeyMayBeTriedAgain(t *testing.T) {
	n := startWithLives(t, 0)
	seen := map[time.Duration]bool{}
	for range 5 {
		c := n.dialTCP(t)
		c.send(helloFrame("alice later"))
		text := c.wantGoodbye(wire.GoodbyeStopping)
		after, ok := wire.ParseReconnect([]byte(text))
		if !ok || after < retryAfter || after > 3*retryAfter || wire.ParseReason([]byte(text)) != auth.ErrTokenUnknownKey.Error() {
			t.Errorf("goodbye %q", text)
		}
		seen[after] = true
	}
	if len(seen) < 2 {
		t.Error("all come back at the same time")
	}
}

func TestALoginThatAuthenticatesEndsWhenTheGatewayDoes(t *testing.T) {
	n := newNode(t, Config{})
	var calls atomic.Int32
	entered := make(chan struct{}, 2)
	n.gw.auth = auth.Hook(func(ctx context.Context, _ string, _ net.Addr) (string, time.Time, error) {
		if calls.Add(1) == 1 {
			return "alice", time.Time{}, nil
		}
		entered <- struct{}{}
		<-ctx.Done()

		return "", time.Time{}, ctx.Err()
	})
	n.listen(t)
	c := n.dialTCP(t)
	c.login("alice")
	other := n.dialTCP(t)
	other.send(helloFrame("bob"))
	<-entered
	if err := n.gw.Drain(t.Context()); err != nil {
		t.Error(err)
	}
}

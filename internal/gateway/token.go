package gateway

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/wire"
)

// A session ends when its token does, plus Config.TokenGrace, unless the client has sent a fresh
// one with command 1.703. The sweeper looks: there is no timer for a session. So the end comes up
// to a tick later.
//
//	welcome, 703 ─▶ setIdentity ─▶ endsAt ◀─ check, by the sweeper ─▶ goodbye 2001

// retryAfter is the least time after which clients return that cannot be let in now.
const retryAfter = time.Second

const expiredText = "token expired"

// tokenState is what a session keeps of its token.
type tokenState struct {
	endsAt  atomic.Int64          // when the session ends, the grace included, in Unix milliseconds; 0: never
	renewed atomic.Uint32         // the second, in Unix time, in which the client sent the latest token
	rates   atomic.Pointer[Rates] // the node's, or what the token sets in their place
}

// setIdentity notes what a token says. It returns how long the token is good for; 0: for ever.
func (s *session) setIdentity(id auth.Identity) (left time.Duration) {
	s.token.rates.Store(s.gw.ratesOf(id))
	if id.ExpiresAt.IsZero() {
		s.token.endsAt.Store(0)

		return 0
	}
	s.token.endsAt.Store(id.ExpiresAt.Add(s.gw.cfg.TokenGrace + time.Millisecond - 1).UnixMilli()) // rounded up

	return max(time.Until(id.ExpiresAt), time.Millisecond)
}

// ratesOf are the rates of a token's session.
func (g *Gateway) ratesOf(id auth.Identity) *Rates {
	if !id.RateMessages.Set && !id.RateBytes.Set {
		return &g.cfg.Rates
	}
	r := g.cfg.Rates
	if id.RateMessages.Set {
		r.Messages = id.RateMessages.PerSecond
	}
	if id.RateBytes.Set {
		r.Bytes = id.RateBytes.PerSecond
	}

	return &r
}

// expiresIn is the number of ticks until the session's token has ended, at least 1; 0: it has
// ended.
func (s *session) expiresIn() uint32 {
	ends := s.token.endsAt.Load()
	if ends == 0 {
		return wheelSlots
	}
	left := time.Until(time.UnixMilli(ends))
	if left <= 0 {
		return 0
	}

	return uint32(min(left/s.gw.tick(), wheelSlots) + 1)
}

// tick is the time between two looks of the sweeper.
func (g *Gateway) tick() time.Duration {
	return max(g.cfg.Heartbeat/ticksPerHeartbeat, time.Millisecond)
}

// remote is the client's address in the form that hooks get.
func (s *session) remote() net.Addr {
	if a, err := netip.ParseAddrPort(s.addr); err == nil {
		return net.TCPAddrFromAddrPort(a)
	}

	if nc := s.conn.NetConn(); nc != nil {
		return nc.RemoteAddr()
	}

	return nil
}

// identify checks the token of a hello. It returns false if the session has ended.
func (s *session) identify(ctx context.Context, cancel context.CancelFunc, token string) (auth.Identity, bool) {
	s.mu.Lock()
	if s.phase.Load() != admitting {
		s.mu.Unlock()

		return auth.Identity{}, false
	}
	s.cancel = cancel // a hook may block
	s.mu.Unlock()
	id, err := s.gw.auth.Identify(ctx, token, s.remote())
	if err == nil {
		return id, true
	}
	s.tokenRefused(err)
	s.gw.deny(denialOf(err), s.addr)
	if auth.MayRetry(err) {
		s.comeBack(err.Error(), retryAfter)
	} else {
		s.closeWith(wire.GoodbyeBadToken, err.Error(), CauseBadToken)
	}

	return auth.Identity{}, false
}

// tokenRefused logs why, at level debug. The client's text may hide the cause.
func (s *session) tokenRefused(err error) {
	s.gw.log.Debug("a token is refused", "client", s.addr, "error", errors.Join(errors.Unwrap(err), err))
}

// renewToken handles command 1.703: its payload is the new token of the session. A hook may block,
// so it runs on a goroutine of its own.
func (g *Gateway) renewToken(req command.Request) {
	s, ok := sessions.Of(req.User).Conn().(*session)
	if !ok {
		req.Refuse(wire.CodeUnknownCommand, "this user has no token")

		return
	}
	if now := uint32(time.Now().Unix()); s.token.renewed.Swap(now) == now {
		req.Refuse(wire.CodeRateLimit, "at most one token a second")

		return
	}
	token := string(req.Payload)
	req.Payload = nil
	if _, quick := g.auth.(auth.Tokens); quick {
		s.renew(context.Background(), req, token)

		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stopping.Load() {
		return
	}
	g.routines.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), admitTimeout)
		defer cancel()
		s.renew(ctx, req, token)
	})
}

func (s *session) renew(ctx context.Context, req command.Request, token string) {
	id, err := s.gw.auth.Identify(ctx, token, s.remote())
	switch {
	case err != nil && auth.MayRetry(err):
		s.tokenRefused(err)
		req.Refuse(wire.CodeOverloaded, err.Error())
	case err != nil:
		s.tokenRefused(err)
		req.Refuse(wire.CodeBadToken, err.Error())
	case id.UserID != req.User.ID:
		req.Refuse(wire.CodeBadToken, "the token is of another user")
	default:
		left := s.setIdentity(id)
		s.gw.wheel.move(s, s.gw.now.Load()+1)
		req.Answer(wire.StatusOK, wire.AppendTokenTime(nil, left))
	}
}

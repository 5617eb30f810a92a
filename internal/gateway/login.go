package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// admitTimeout bounds the time for the node to admit a user, a pause included.
const admitTimeout = 10 * time.Second

// serve is the first half of the reader: it logs the client in. The second half is readWatched, or
// read: in a fresh goroutine, because a login has grown the stack of this one.
func (s *session) serve(handshake *slot) {
	switch {
	case !s.login(handshake):
		s.finish(false)
	case s.conn.Watched():
		s.readWatched(false)
	default:
		go s.read()
	}
}

// login returns false if the session has ended.
func (s *session) login(handshake *slot) bool {
	token, ok := s.readHello(handshake)
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), admitTimeout)
	defer cancel()
	if !s.waitWhilePaused(ctx.Done()) {
		s.closeWith(wire.GoodbyeStopping, s.gw.reconnectText(), CauseRefused)

		return false
	}
	id, ok := s.identify(ctx, cancel, token)
	if !ok || !s.awaitTurn(ctx, id.UserID) || !s.occupy() || s.abandoned() {
		return false
	}
	u := sessions.New(s.gw.users, id.UserID, user.NewSID(), s)
	if err := s.admit(ctx, cancel, u); err != nil {
		s.refuse(u, err)

		return false
	}

	return s.welcome(u, id)
}

// readHello returns the token of the first frame, which must be a hello that comes in time.
func (s *session) readHello(handshake *slot) (token string, ok bool) {
	if c, isTLS := s.conn.NetConn().(*tls.Conn); isTLS {
		err := c.Handshake() //nolint:noctx // the deadline ends it
		handshake.done()
		if err != nil {
			s.gw.handshakeFailed(err, s.addr)
			s.readFailed(err)

			return "", false
		}
	}
	body, ok := s.readFirstBody()
	if !ok {
		return "", false
	}
	f, err := wire.ParseBody(body)
	var h wire.Hello
	switch {
	case err != nil:
	case f.Kind != wire.KindHello:
		err = fmt.Errorf("the first frame must be a hello, not a %v", f.Kind) //nolint:err113 // for the client
	default:
		h, err = wire.ParseHello(f.Payload)
	}
	if err != nil {
		s.gw.deny(DeniedProtocol, s.addr)
		s.protocolError(err.Error())

		return "", false
	}

	s.noteProgram(h.Client)

	return h.Token, s.helloReceived()
}

// occupy counts the session as open.
func (s *session) occupy() bool {
	s.mu.Lock()
	if s.phase.Load() != admitting {
		s.mu.Unlock()

		return false
	}
	why := s.gw.door.open(s.address)
	if why == 0 {
		s.place = openPlace
	}
	s.mu.Unlock()
	if why != 0 {
		s.gw.deny(why, s.addr)
		s.comeBack("too many sessions of this address: try again later", retryAfter)
	}

	return why == 0
}

// abandoned ends the session if its client is gone and has sent nothing behind its hello. The hello
// may have waited, for this process or this node: meanwhile the client may have logged in on
// another connection, and an abandoned login must not replace that one.
func (s *session) abandoned() bool {
	conn := s.conn.NetConn()
	if c, ok := conn.(*tls.Conn); ok {
		conn = c.NetConn()
	}
	if s.input.Len() > 0 || !hungUp(conn) {
		return false
	}
	_, err := s.fill() // does not wait: all that the client will ever send is here
	if err != nil {
		s.readFailed(err)
	}

	return err != nil
}

// readFirstBody reads until the first frame is complete.
func (s *session) readFirstBody() (body []byte, ok bool) {
	for came := 0; ; {
		body, err := s.nextBody()
		if body == nil && err == nil && came > maxBeforeHello {
			err = errNoHello
		}
		switch {
		case err != nil:
			s.gw.deny(DeniedProtocol, s.addr)
			s.closeOnError(err)

			return nil, false
		case body != nil:
			return body, true
		}
		n, err := s.fill()
		came += n
		if err != nil {
			if isTimeout(err) && s.extendHelloDeadline() {
				continue
			}
			if isTimeout(err) && s.phase.Load() == hello {
				s.gw.deny(DeniedNoHello, s.addr)
			}
			s.readFailed(err)

			return nil, false
		}
	}
}

// helloReceived moves the session to the phase admitting. It returns false if the session has
// ended.
func (s *session) helloReceived() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase.Load() != hello {
		return false
	}
	s.conn.SetDeadline(time.Time{})
	s.phase.Store(admitting)
	s.gw.count.pending.Add(-1)

	return true
}

// admit has the node announce the login. From here on other goroutines know the session; closing it
// cancels ctx.
func (s *session) admit(ctx context.Context, cancel context.CancelFunc, u *user.User) error {
	s.mu.Lock()
	if s.phase.Load() != admitting {
		s.mu.Unlock()

		return context.Canceled
	}
	s.user = u
	s.cancel = cancel
	s.mu.Unlock()

	err := s.gw.host.Admit(ctx, u)

	s.mu.Lock()
	s.cancel = nil
	s.admitted = err == nil
	s.mu.Unlock()

	return err
}

func (s *session) refuse(u *user.User, err error) {
	if r, ok := errors.AsType[*Refusal](err); ok {
		cause := causeOf(r.Code)
		if cause == CauseOther || cause == CauseStopping {
			cause = CauseRefused
		}
		s.gw.deny(DeniedNotAdmitted, s.addr)
		s.closeWith(r.Code, (&Refusal{Text: r.Text, After: spread(r.After)}).text(), cause)

		return
	}
	if s.phase.Load() < closing {
		s.gw.deny(DeniedNotAdmitted, s.addr)
		s.gw.log.Warn("a login could not be admitted", "user", u.ID, "client", s.Addr(), "error", err)
	}
	s.closeWith(wire.GoodbyeStopping, s.gw.reconnectText(), CauseRefused)
}

// welcome opens the session: the welcome is written first, then what was pushed meanwhile.
func (s *session) welcome(u *user.User, id auth.Identity) bool {
	w := wire.Welcome{
		User: u.ID, Session: u.SID, Node: s.gw.cfg.Node,
		HeartbeatMS: int(s.gw.cfg.Heartbeat.Milliseconds()), MaxMessage: s.gw.cfg.MaxMessage,
		TokenMS: s.setIdentity(id).Milliseconds(),
	}
	b := newWriteBatch()
	b.b = s.appendFrame(b.b, wire.Frame{Kind: wire.KindWelcome, Payload: w.Append(nil)}, noStatus)
	s.mu.Lock()
	if s.phase.Load() != admitting {
		s.mu.Unlock()
		b.recycle()

		return false
	}
	s.gw.count.welcomed(s.via)
	now := s.gw.now.Load() // the admission may have taken long: the sweeper must not count it as silence
	s.lastHeard.Store(now)
	s.lastSent.Store(now)
	s.moveToLoop()
	s.phase.Store(open)
	s.out.prepend(b)
	s.beginWriting()
	s.logBegin(u)
	if w.TokenMS > 0 {
		s.gw.wheel.move(s, now+1) // its next look could be too late
	}

	return true
}

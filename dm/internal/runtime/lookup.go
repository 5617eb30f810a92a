package runtime

import (
	"context"
	"time"

	"github.com/parley-dm/parley/dm/internal/core"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/tracing"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// lookup is a lookup of the directory that has not been answered: of a session's conversation, or
// of Online.
type lookup struct {
	s      *session
	conv   *core.Conversation
	epoch  uint64
	online chan<- core.Outcome
	since  int64         // when it was asked for, in nanoseconds
	span   *tracing.Span // nil: the message that asked is not traced
}

// ended says that a lookup is not out any more.
func (l *lookup) ended() {
	if l.s != nil {
		l.s.looking.Add(-1)
	}
}

// lookup looks a peer up: on this node first, then in the directory.
func (s *session) lookup(e *core.Effect) {
	m, c, epoch := s.m, e.Conv, e.Epoch
	span := m.spanOf(e.Item).Lookup()
	m.stats.lookups.Add(1)
	if u := m.parts.Users.ByUID(c.Peer()); u != nil {
		endLookup(span, m.self, core.Delivered)
		s.mu.Lock()
		s.effects = s.core.OnLookupFound(s.effects, m.sweep.now.Load(), c, epoch, node.Place{Node: m.self, SID: sidOf(u)})
		s.endEvent()

		return
	}
	if span != nil {
		span.Asked(m.parts.Directory.Owner(c.Peer()))
	}
	c.Token = m.tokens.Add(1) // only the goroutine that performs the session's effects uses it
	s.looking.Add(1)
	m.lookups.Store(c.Token, lookup{s: s, conv: c, epoch: epoch, since: time.Now().UnixNano(), span: span})
	m.parts.Directory.Lookup(c.Peer(), c.Token)
}

// cancel gives up the lookup that is out for a peer, if one is.
func (s *session) cancel(c *core.Conversation) { s.m.cancel(c.Token) }

func (m *Runtime) cancel(token uint64) {
	if l, out := m.lookups.LoadAndDelete(token); out {
		l.ended()
		endLookup(l.span, core.Node{}, core.Timeout)
		m.parts.Directory.Cancel(token)
	}
}

// Located implements messages.Engine.
func (m *Runtime) Located(token uint64, at node.Place) { m.lookedUp(token, at, core.Delivered) }

// NotFound implements messages.Engine.
func (m *Runtime) NotFound(token uint64) { m.lookedUp(token, node.Place{}, core.NotFound) }

// LookupFailed implements messages.Engine.
func (m *Runtime) LookupFailed(token uint64) { m.lookedUp(token, node.Place{}, core.CutOff) }

// lookedUp gives the answer to a lookup to the conversation that asked: a place, or an outcome
// other than Delivered. A token that is not known was cancelled.
func (m *Runtime) lookedUp(token uint64, at core.Place, o core.Outcome) {
	l, ok := m.lookups.LoadAndDelete(token)
	switch {
	case !ok:
		return
	case o != core.CutOff:
		m.stats.lookupTime.Observe(time.Duration(time.Now().UnixNano() - l.since))
	}
	if l.online != nil {
		l.online <- o // there is room for one

		return
	}
	l.ended()
	endLookup(l.span, at.Node, o)
	s, now := l.s, m.sweep.now.Load()
	s.mu.Lock()
	if o == core.Delivered {
		s.effects = s.core.OnLookupFound(s.effects, now, l.conv, l.epoch, at)
	} else {
		s.effects = s.core.OnLookupFailed(s.effects, now, l.conv, l.epoch, o)
	}
	s.endEvent()
}

// Online asks whether a user is connected to any node of the cluster.
func (m *Runtime) Online(ctx context.Context, userID string) (bool, error) {
	switch {
	case user.CheckID(userID) != nil:
		return false, badUserID(userID)
	case !m.running.Load():
		return false, codeError(wire.CodeNodesNotFound, userID)
	case m.parts.Users.ByUID(userID) != nil:
		return true, nil
	}
	answer := make(chan core.Outcome, 1)
	token := m.tokens.Add(1)
	m.lookups.Store(token, lookup{online: answer, since: time.Now().UnixNano()})
	m.parts.Directory.Lookup(userID, token)
	select {
	case o := <-answer:
		if o == core.CutOff {
			return false, codeError(wire.CodeNodesNotFound, userID)
		}

		return o == core.Delivered, nil
	case <-m.stop:
		m.cancel(token)

		return false, codeError(wire.CodeNodesNotFound, userID)
	case <-ctx.Done():
		m.cancel(token)

		return false, ctx.Err()
	}
}

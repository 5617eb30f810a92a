package admin

import (
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/overview"
)

// Sessions describes sessions of one node. One that is not there any more is left out.
func (p *Peers) Sessions(ctx context.Context, at node.ID, sids []node.SID) ([]Session, error) {
	q := request{Sessions: make([]string, len(sids))}
	for i, s := range sids {
		q.Sessions[i] = s.String()
	}
	a, err := p.ask(ctx, at, &q)

	return a.Sessions, err
}

// Kick sends the client of a session away for good. It returns false if the session is not there
// any more.
func (p *Peers) Kick(ctx context.Context, at node.Place) (bool, error) {
	a, err := p.ask(ctx, at.Node, &request{Kick: at.SID.String()})

	return a.Done, err
}

// Ban begins or lifts bans on these nodes. Removed tells whether a user was sent away. Errors:
// ErrTooManyBans, and ErrNoAnswer or ctx's if a node has not confirmed.
func (p *Peers) Ban(ctx context.Context, members []node.ID, bans ...Ban) (removed bool, err error) {
	answers, errs := p.askEach(ctx, members, &request{Bans: bans})
	for i, a := range answers {
		removed = removed || a.Done
		switch {
		case errs[i] != nil:
			err = errs[i]
		case a.Full && err == nil:
			err = ErrTooManyBans
		}
	}

	return removed, err
}

// NodeUp gives a node that has entered the bans of this one. It does not wait.
func (p *Peers) NodeUp(n node.ID) {
	select {
	case p.waiting <- job{from: n, entered: true}:
	default:
		p.log.Warn("a node that has entered does not get the bans of this one: too many requests wait", "node", n.String())
	}
}

// tellBans sends all bans.
func (p *Peers) tellBans(to node.ID) {
	bans := p.local.Bans()
	for len(bans) > 0 {
		n := min(len(bans), bansPerPacket)
		_ = p.links.Send(to, packet(kindRequest, 0, encode(&request{Bans: bans[:n]}))) // it has left again
		bans = bans[n:]
	}
}

// Nodes describes these nodes. One that does not answer has its ID and the reason only.
func (p *Peers) Nodes(ctx context.Context, members []node.ID) []Node {
	answers, errs := p.askEach(ctx, members, &request{Node: true})
	nodes := make([]Node, len(members))
	for i, a := range answers {
		switch {
		case errs[i] != nil:
			nodes[i] = Node{ID: members[i].String(), Reason: ErrNoAnswer.Error()}
		case a.Node != nil:
			nodes[i] = *a.Node
		default:
			nodes[i] = Node{ID: members[i].String(), Reason: otherVersion}
		}
	}

	return nodes
}

// otherVersion is the reason of a node that does not know a question.
const otherVersion = "it has another version"

// askEach asks several nodes at once.
func (p *Peers) askEach(ctx context.Context, members []node.ID, q *request) ([]answer, []error) {
	answers, errs := make([]answer, len(members)), make([]error, len(members))
	var all sync.WaitGroup
	for i, m := range members {
		all.Go(func() { answers[i], errs[i] = p.ask(ctx, m, q) })
	}
	all.Wait()

	return answers, errs
}

// Overview asks nodes for their parts of the dashboard. After is the number of the newest view that
// a node has told of. It returns when all have answered, or when ctx ends.
func (p *Peers) Overview(ctx context.Context, members []node.ID, after func(id string) uint64) []overview.Answer {
	found := make([]overview.Answer, len(members))
	var all sync.WaitGroup
	for i, m := range members {
		id := m.String()
		q := &request{Node: true, Overview: new(after(id))}
		all.Go(func() {
			a, err := p.ask(ctx, m, q)
			found[i] = overviewOf(id, a, err)
		})
	}
	all.Wait()

	return found
}

func overviewOf(id string, a answer, err error) overview.Answer {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return overview.Answer{ID: id, Fault: "it has not answered in time"}
	case err != nil:
		return overview.Answer{ID: id, Fault: err.Error()}
	case a.Overview != nil:
		return overview.Answer{ID: id, Node: a.Overview}
	case a.Node == nil:
		return overview.Answer{ID: id, Fault: otherVersion}
	}
	n := overview.Node{
		ID: id, Started: a.Node.Since, Ready: a.Node.Ready, Reason: a.Node.Reason, Members: a.Node.Members,
		Users: map[string]int64{"any": int64(a.Node.Users)},
	}

	return overview.Answer{ID: id, Node: &n, Older: true, Fault: "it has another version, which does not know the rest of these figures"}
}

// RoundTrips tells how long the last probe of each node and its echo took.
func (p *Peers) RoundTrips() map[node.ID]time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()

	return maps.Clone(p.roundTrips)
}

// Probe sends each of these nodes, but for this one, a packet that comes back. It does not wait.
func (p *Peers) Probe(members []node.ID) {
	now := binary.BigEndian.AppendUint64(nil, uint64(time.Since(p.begun)))
	for _, m := range members {
		if m != p.links.Self() {
			_ = p.links.Send(m, packet(kindProbe, 0, now)) // a probe that is lost is not counted
		}
	}
}

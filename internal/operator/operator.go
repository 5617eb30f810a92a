package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/admin"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

const (
	// askTime bounds what a request of the server-to-server API waits for other nodes.
	askTime = 3 * time.Second
	// kickTries is how often a user is looked up anew that has just moved.
	kickTries = 3
)

var _ httpapi.Backend = (*Operator)(nil)

// errNotMember is the answer while the parts that join makes are not there.
func errNotMember() error {
	return httpapi.FromCode(wire.CodeNodesNotFound, "parley: the node takes no users")
}

// MaxMessage implements httpapi.Backend.
func (o *Operator) MaxMessage() int { return o.cfg.DM.Settings().MaxMessageSize }

// Send implements httpapi.Backend. Messages of one sender to one recipient that are sent one after
// another, at this node, arrive in that order.
func (o *Operator) Send(ctx context.Context, m httpapi.Message) (wire.Receipt, error) {
	if err := checkIDs(m.From, m.To); err != nil {
		return wire.Receipt{}, err
	}
	if !o.cfg.TakesUsers() {
		return wire.Receipt{}, errNotMember()
	}
	from := user.CreateBlankUser(o.sid, m.From)
	r, err := o.cfg.DM.Send(ctx, from, m.To, dm.Message{Ver: m.Ver, Cmd: m.Cmd, Body: m.Body})
	if err != nil {
		return r, problemOf(err)
	}

	return r, nil
}

func checkIDs(ids ...string) error {
	for _, id := range ids {
		if err := user.CheckID(id); err != nil {
			return httpapi.FromCode(wire.CodeMalformed, err.Error())
		}
	}

	return nil
}

// problemOf turns an error of the engine into one of the API.
func problemOf(err error) error {
	switch code := dm.CodeOf(err); {
	case code != 0:
		return httpapi.FromCode(code, err.Error())
	case errors.Is(err, directory.ErrUnsettled):
		return httpapi.FromCode(wire.CodeNodesNotFound, "the cluster has not settled: try again in a moment")
	case errors.Is(err, admin.ErrTooManyBans):
		return httpapi.FromCode(wire.CodeOverloaded, err.Error())
	}

	return httpapi.Unreachable(err.Error())
}

// Users implements httpapi.Backend.
func (o *Operator) Users(ctx context.Context, ids []string) ([]httpapi.User, error) {
	if err := checkIDs(ids...); err != nil {
		return nil, err
	}
	if !o.cfg.TakesUsers() {
		return nil, errNotMember()
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	places, err := o.cfg.Lookups.Locate(ctx, o.directory, ids)
	if err != nil {
		return nil, problemOf(err)
	}
	users := make([]httpapi.User, len(ids))
	byNode := make(map[node.ID][]node.SID)
	for i, p := range places {
		users[i] = httpapi.User{ID: ids[i], Online: p.Known()}
		if p.Known() {
			users[i].Node, users[i].Session = p.Node.String(), p.SID.String()
			byNode[p.Node] = append(byNode[p.Node], p.SID)
		}
	}
	for at, sids := range byNode {
		sessions, err := o.peers.Sessions(ctx, at, sids)
		if err != nil && len(ids) == 1 {
			return nil, problemOf(fmt.Errorf("%s: %w", at, err))
		}
		describe(users, sessions)
	}

	return users, nil
}

// describe fills in what the nodes of users say of their sessions.
func describe(users []httpapi.User, sessions []admin.Session) {
	bySID := make(map[string]*admin.Session, len(sessions))
	for i := range sessions {
		bySID[sessions[i].SID] = &sessions[i]
	}
	for i := range users {
		if s := bySID[users[i].Session]; s != nil {
			users[i].Since, users[i].Transport, users[i].Address = &s.Since, s.Transport, s.Address
		}
	}
}

// Remove implements httpapi.Backend.
func (o *Operator) Remove(ctx context.Context, id string, ban *time.Duration) (httpapi.Removal, error) {
	r := httpapi.Removal{ID: id}
	if err := checkIDs(id); err != nil {
		return r, err
	}
	if !o.cfg.TakesUsers() {
		return r, errNotMember()
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	if ban == nil {
		removed, err := o.kick(ctx, id)
		r.Removed = removed
		if err != nil {
			return r, problemOf(err)
		}
		if removed {
			o.cfg.Log.Info("an operator has removed a user", "user", id)
		}

		return r, nil
	}
	removed, err := o.peers.Ban(ctx, o.cfg.Cluster.Members(), admin.Ban{User: id, For: *ban})
	if err != nil {
		return r, problemOf(err)
	}
	r.Removed = removed
	if *ban == 0 {
		o.cfg.Log.Info("an operator has lifted a ban", "user", id)

		return r, nil
	}
	until := time.Now().Add(*ban).UTC()
	r.BannedUntil = &until
	o.cfg.Log.Info("an operator has banned a user", "user", id, "for", ban.String(), "was_connected", removed)

	return r, nil
}

// kick sends a user away, wherever it is.
func (o *Operator) kick(ctx context.Context, id string) (bool, error) {
	for range kickTries {
		places, err := o.cfg.Lookups.Locate(ctx, o.directory, []string{id})
		if err != nil || !places[0].Known() {
			return false, err
		}
		done, err := o.peers.Kick(ctx, places[0])
		if err != nil || done {
			return done, err
		}
	}

	return false, nil
}

// Nodes implements httpapi.Backend.
func (o *Operator) Nodes(ctx context.Context) ([]httpapi.Node, error) {
	members := []node.ID{o.cfg.Cluster.Self()}
	var found []admin.Node
	if o.cfg.TakesUsers() {
		if view := o.cfg.Cluster.Members(); len(view) > 0 {
			members = view
		}
		ctx, cancel := context.WithTimeout(ctx, askTime)
		defer cancel()
		found = o.peers.Nodes(ctx, members)
	} else {
		found = []admin.Node{local{o}.Node()}
	}
	nodes := make([]httpapi.Node, len(found))
	for i, n := range found {
		nodes[i] = httpapi.Node{ID: n.ID, Ready: n.Ready, Reason: n.Reason, Users: n.Users, Members: n.Members}
		if !n.Since.IsZero() {
			nodes[i].Since = &n.Since
		}
	}
	slices.SortFunc(nodes, func(a, b httpapi.Node) int { return strings.Compare(a.ID, b.ID) })

	return nodes, nil
}

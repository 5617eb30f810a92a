package onenode

import (
	"context"
	"log/slog"
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// Node carries messages between its users.
type Node struct {
	ID    node.ID
	Users *user.Registry
	DM    *dm.Module

	clock node.Clock
}

// New starts a node, which ends with the test. Setup sees it before it starts; nil: nothing is set.
func New(tb testing.TB, name string, setup func(n *Node)) *Node {
	tb.Helper()
	n := &Node{ID: node.New(name), Users: user.NewRegistry(), DM: dm.New()}
	if setup != nil {
		setup(n)
	}
	log := slog.New(slog.DiscardHandler)
	router := command.NewRouter(log)
	messages.Of(n.DM).Attach(messages.Parts{
		Users: n.Users, Directory: directory{n}, Nodes: noOther{n}, Clock: &n.clock, Router: router, Log: log,
	})
	router.Freeze()
	messages.Of(n.DM).Start()
	tb.Cleanup(func() { messages.Of(n.DM).Stop(context.Background()) })

	return n
}

// Connect makes a client whose login is under way: the registry does not have it yet.
func (n *Node) Connect(id string) *Client {
	c := &Client{node: n, pushes: make(chan string, maxPushes)}
	c.User = sessions.New(n.Users, id, user.NewSID(), c)
	sessions.Of(c.User).SetStamp(uint64(n.clock.Now()))

	return c
}

// Login connects a user.
func (n *Node) Login(id string) *Client {
	c := n.Connect(id)
	sessions.Add(n.Users, c.User)
	messages.Of(n.DM).Joined(c.User)

	return c
}

// directory knows the users of the node.
type directory struct{ n *Node }

func (d directory) Cancel(uint64)        {}
func (d directory) Owner(string) node.ID { return d.n.ID }

func (d directory) Lookup(userID string, token uint64) {
	if u := d.n.Users.ByUID(userID); u != nil {
		messages.Of(d.n.DM).Located(token, node.Place{Node: d.n.ID, SID: sessions.Of(u).SID()})
	} else {
		messages.Of(d.n.DM).NotFound(token)
	}
}

// noOther has no links.
type noOther struct{ n *Node }

func (o noOther) Self() node.ID                   { return o.n.ID }
func (o noOther) Linked(node.ID) bool             { return false }
func (o noOther) Send(node.ID, []byte) error      { return node.ErrNoNode }
func (o noOther) SendLater(node.ID, []byte) error { return node.ErrNoNode }

package dm_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-dm/parley/dm"
	members "github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/link/memnet"
	"github.com/parley-dm/parley/internal/messages"
	nodes "github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// node is one node: what package parley puts together, without gateway and storages.
type node struct {
	c       *cluster
	name    string
	host    *memnet.Host
	members *members.Cluster
	users   *user.Registry
	between sync.Map // of *user.User by SID: those that are logging in or leaving, as in package parley
	dir     *directory.Directory
	asked   asked // dir, for lookups
	dm      *dm.Module
	router  *command.Router
	crashed atomic.Bool
	frozen  atomic.Bool
	paused  atomic.Bool
}

// viewOf tells a directory of the view.
type viewOf struct{ *directory.Directory }

func (d viewOf) ViewChanged(m []nodes.ID) { d.Directory.ViewChanged(directory.View{Members: m}) }
func (d viewOf) NodeDown(n nodes.ID, m []nodes.ID) {
	d.Directory.NodeDown(n, directory.View{Members: m})
}

// hostOf is what a node does about its membership.
type hostOf struct{ *node }

// NodeDown implements cluster.Host.
func (h hostOf) LinkEnded(nodes.ID, error) {}

func (h hostOf) NodeDown(n nodes.ID) {
	if !h.crashed.Load() {
		messages.Of(h.dm).NodeDown(n)
	}
}

// StepOut sends all users elsewhere.
func (h hostOf) StepOut() {
	for _, u := range h.all() {
		sessions.Of(u).Close(1001, "the node leaves the cluster")
	}
	for until := time.Now().Add(5 * time.Second); h.users.Count() > 0 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
}

// Paused implements cluster.Host.
func (h hostOf) Paused(time.Duration) { h.paused.Store(true) }

// Failed implements cluster.Host.
func (h hostOf) Failed(err error) { h.c.t.Errorf("%s: %v", h.name, err) }

// Reclaimed implements directory.Sessions.
func (nd *node) Reclaimed() { nd.paused.Store(false) }

// serves tells whether the node handles clients.
func (nd *node) serves() bool {
	return !nd.crashed.Load() && !nd.frozen.Load() && !nd.paused.Load() && nd.members.Running()
}

func (nd *node) all() (all []*user.User) {
	nd.users.Range(func(u *user.User) bool {
		all = append(all, u)

		return true
	})

	return all
}

func (nd *node) stop() {
	if nd.crashed.Load() {
		return
	}
	for _, u := range nd.all() {
		nd.leave(u)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	messages.Of(nd.dm).Stop(ctx)
	if err := nd.members.Stop(ctx); err != nil {
		nd.c.t.Errorf("stop: %v", err)
	}
	nd.crashed.Store(true)
}

// crash ends a node without a word.
func (nd *node) crash() {
	nd.crashed.Store(true)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	nd.host.Crash()
	messages.Of(nd.dm).Stop(ctx)
	_ = nd.members.Stop(ctx)
}

// freeze stops the node's process, thaw lets it go on.
func (nd *node) freeze() {
	nd.frozen.Store(true)
	nd.host.Freeze()
}

func (nd *node) thaw() {
	nd.host.Thaw()
	nd.frozen.Store(false)
}

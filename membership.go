package parley

import (
	"context"
	"errors"
	"time"

	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/link"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/wire"
)

const (
	// stepOutTime bounds how long a node that leaves its cluster for a while waits for its sessions
	// to end.
	stepOutTime = time.Second
	// holdTime bounds how long clients wait after a pause for their sessions to be claimed again.
	holdTime = 5 * time.Second
	// failTime bounds the stop of a node that cannot be in its cluster.
	failTime = 10 * time.Second
)

// members is the server's face towards its cluster.
type members struct{ s *Server }

// LinkEnded implements cluster.Host.
func (m members) LinkEnded(n node.ID, reason error) {
	if errors.Is(reason, link.ErrPaused) {
		m.s.views.Paused(m.s.cluster.Self(), reason, time.Now())

		return
	}
	m.s.views.LinkEnded(n, reason)
}

// NodeDown implements cluster.Host.
func (m members) NodeDown(n node.ID) {
	m.s.messages.NodeDown(n)
	m.s.operator.NodeDown(n)
}

// StepOut implements cluster.Host: the users are sent to other nodes.
func (m members) StepOut() {
	s := m.s
	if s.gateway == nil {
		return
	}
	sendAway := func() { s.gateway.DisconnectAll(wire.GoodbyeStopping, "the server has left its cluster for a while") }
	sendAway()
	defer sendAway() // those whose login was under way
	t := time.NewTicker(stepOutTime / 50)
	defer t.Stop()
	for end := time.Now().Add(stepOutTime); time.Now().Before(end) && (s.users.Count() > 0 || s.inTransition.Size() > 0); {
		<-t.C
	}
}

// Paused implements cluster.Host: no client is handled until its session is known to stand.
func (m members) Paused(time.Duration) {
	s := m.s
	if s.gateway == nil {
		return
	}
	s.gateway.PauseClients()
	pause := s.pauses.Add(1)
	time.AfterFunc(holdTime, func() { m.release(pause) })
}

// Reclaimed implements directory.Sessions.
func (m members) Reclaimed() { m.release(m.s.pauses.Load()) }

// Evict implements directory.Sessions.
func (m members) Evict(userID string, sid node.SID, next node.Place) uint64 {
	return m.s.evict(userID, sid, next)
}

// release handles clients again, unless the process has paused anew.
func (m members) release(pause uint64) {
	if m.s.gateway != nil && m.s.pauses.Load() == pause {
		m.s.gateway.ResumeClients()
	}
}

// Failed implements cluster.Host. Before the node is ready Start returns the error.
func (m members) Failed(err error) {
	s := m.s
	if !s.ready.Load() {
		return
	}
	s.log.Error("this node cannot be in its cluster any more, and stops", "error", err)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), failTime)
		defer cancel()
		s.failure.Store(&err)
		_ = s.Stop(ctx)
	}()
}

// viewChanged is told of each view. It does not block.
func (s *Server) viewChanged(members []node.ID) {
	s.views.ViewChanged(s.cluster.Self(), members, time.Now())
	s.operator.TellBans(members)
}

// view is the directory's face towards the cluster.
type view struct {
	*directory.Directory

	changed func(members []node.ID)
}

// ViewChanged implements cluster.Directory.
func (v view) ViewChanged(members []node.ID) {
	v.Directory.ViewChanged(directory.View{Members: members})
	v.changed(members)
}

// NodeDown implements cluster.Directory.
func (v view) NodeDown(n node.ID, members []node.ID) {
	v.Directory.NodeDown(n, directory.View{Members: members})
	v.changed(members)
}

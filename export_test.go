package parley

import (
	"log/slog"

	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/metrics"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

// MetricRows is the table of metrics.
func MetricRows() []metrics.Row { return metrics.Table() }

// ID is NodeID, as other nodes know it.
func (s *Server) ID() node.ID { return s.cluster.Self() }

// PortSessions is cluster.PortSessions.
const PortSessions = uint8(cluster.PortSessions)

// SendPacket sends a packet to another node.
func (s *Server) SendPacket(port uint8, to node.ID, packet []byte) error {
	return s.cluster.Sender(cluster.Port(port)).Send(to, packet)
}

// Stopping tells whether Stop has been called.
func (s *Server) Stopping() bool { return s.stopping.Load() }

// LinksStand tells whether the node is a member whose links all have a lease.
func (s *Server) LinksStand() bool {
	return s.cluster.IsMember() && s.cluster.Sender(cluster.PortDM).Leased()
}

// Views counts the views that the node has announced.
func (s *Server) Views() uint64 { return s.directory.Stats().Views }

// WaitingPredecessors counts what waits for logins.
func (s *Server) WaitingPredecessors() int {
	s.predecessors.mu.Lock()
	defer s.predecessors.mu.Unlock()

	return len(s.predecessors.waiting)
}

// LeftBehindLog is leftBehindLog.
type LeftBehindLog = leftBehindLog

// Note is note.
func (l *leftBehindLog) Note(log *slog.Logger, u *user.User, left []sessions.LeftBehind) {
	l.note(log, u, left)
}

package mesh

import (
	"context"
	"errors"
	"strconv"
)

// NodeID names one life of one node. Two processes may share a name; their incarnations differ,
// and a restarted process has a new one, so a NodeID is never used again. Comparable.
type NodeID struct {
	Name        string
	Incarnation uint64 // random, never 0
}

// String gives "name#incarnation", the incarnation as 16 hex digits.
func (n NodeID) String() string {
	const digits = 16
	hex := strconv.FormatUint(n.Incarnation, digits)
	for len(hex) < digits {
		hex = "0" + hex
	}

	return n.Name + "#" + hex
}

// IsZero tells whether n names no node.
func (n NodeID) IsZero() bool { return n.Incarnation == 0 }

// Port tells which part of a node a packet is for.
type Port uint8

// The parts of a node that talk to their like on other nodes.
const (
	PortDM        Port = 1 // direct messages
	PortDirectory Port = 2 // who is where
	PortStorage   Port = 3 // named key-value storages
)

// Errors of a mesh. Test with errors.Is.
var (
	// ErrCutOff: this node has lost the engine, or all of the cluster at once: whom it cannot
	// see may well be there.
	ErrCutOff = errors.New("mesh: cut off from the cluster")
	// ErrNoNode: the addressed node is not, or no longer, a member.
	ErrNoNode = errors.New("mesh: no such node")
	// ErrOverloaded: what waits to be sent to that node has reached its bound.
	ErrOverloaded = errors.New("mesh: the queue to the node is full")
	// ErrPacketTooLarge: the engine does not carry a packet of this size.
	ErrPacketTooLarge = errors.New("mesh: packet too large")
	// ErrStopped: the mesh has been stopped, or was never started.
	ErrStopped = errors.New("mesh: stopped")
)

// A Mesh is one node's place among the nodes of its cluster. All methods are safe for use by
// several goroutines; Handle and Watch must be called before Start.
//
// Packets are opaque to it. It copies what it is given before it returns, and what it hands to a
// handler is valid only until the handler returns.
type Mesh interface { //nolint:interfacebloat // a node's whole place in its cluster
	// Self is this node.
	Self() NodeID
	// Clock is the cluster's clock as this node knows it. Every message between nodes carries it.
	Clock() *Clock
	// Nodes lists the other nodes that are alive, in no order.
	Nodes() []NodeID
	// CutOff tells whether finds would be futile: see ErrCutOff.
	CutOff() bool

	// Handle sets who receives the packets of a port; Watch adds one who is told of nodes.
	Handle(port Port, h Handler)
	Watch(w Watcher)

	// Start joins the cluster. It returns when this node is in step: what any node has asked to hold
	// before is known here. A node that is alone at first goes on looking.
	Start(ctx context.Context) error
	// Stop says goodbye to the other nodes and leaves. Afterwards no handler runs.
	Stop(ctx context.Context) error

	// Send carries a packet to a node (not to this one): packets from one node to another on one port arrive
	// in the order of the calls, at most once, whichever way each takes. It never waits for the other node.
	Send(to NodeID, port Port, packet []byte) error
	// SendLater is Send for a packet that nobody waits for: it may lie a moment (2 ms) until another one takes it along, in their order.
	SendLater(to NodeID, port Port, packet []byte) error
	// Find carries a packet to the one node that holds userID, this one included. If none does, HandleNobody
	// of the port is called with the token. If that node dies on the way, nothing is heard.
	Find(userID string, port Port, packet []byte, token uint64) error
	// Hold makes finds for userID come to this node; Release ends that. Other nodes are certain to
	// know of a Hold only after a Barrier that began after it returned. Where several nodes hold one
	// user, each find reaches exactly one of them.
	Hold(userID string) error
	Release(userID string)
	// Barrier hands the packet to HandleBarrier on every other node that is alive, and returns
	// their answers when all have answered or died. Calls do not wait for each other. A node whose answer
	// is late may be handed the packet again.
	Barrier(ctx context.Context, port Port, packet []byte) ([]Answer, error)
	// Ask is Barrier for one node. If that is no member, or dies before it has answered: ErrNoNode.
	Ask(ctx context.Context, to NodeID, port Port, packet []byte) ([]byte, error)
}

// Answer is what one node returned from HandleBarrier to a Barrier.
type Answer struct {
	From   NodeID
	Packet []byte // owned by the caller
}

// Handler receives the packets of one port. It must not block: packets of many users wait
// behind it. Packets sent by one node arrive one after another; those of different
// nodes, finds and barriers may arrive at the same time.
type Handler interface {
	HandlePacket(from NodeID, packet []byte)
	// HandleFind receives what Find carried: this node holds userID, or did a moment ago.
	HandleFind(from NodeID, userID string, packet []byte)
	// HandleNobody says that nobody held the user that the find with this token asked for.
	HandleNobody(token uint64)
	// HandleBarrier returns this node's answer (which it must not use afterwards).
	HandleBarrier(from NodeID, packet []byte) []byte
}

// Doubter is what a Handler may be besides. While a node that is up cannot be reached (the connection to its
// server is broken, and it is not down yet), or one is down for this node alone, a find that nobody answers proves nothing: the
// user may be there. Without a Doubter HandleNobody is called nevertheless.
type Doubter interface {
	// HandleUncertain is called in place of HandleNobody then, a moment later. Nothing was delivered: ask again.
	HandleUncertain(token uint64)
	// HandleUnreachable is called in place of HandleNobody while a node lives, as its link says, that finds do not
	// come to: nothing was delivered, and to ask again is futile until the engine is whole.
	HandleUnreachable(token uint64)
}

// Watcher is told who comes and goes. Its methods must not block.
type Watcher interface {
	// NodeUp: the node was heard, and this node knows whom it holds. Packets of a node come only between its
	// NodeUp and its NodeDown.
	NodeUp(n NodeID)
	// NodeDown: the node said goodbye (graceful), or was not heard of for the failure timeout. After a goodbye
	// the NodeID never comes back. One that was only unreachable may: then NodeUp follows on both sides,
	// and both have had a NodeDown of the other before, so that both have forgotten.
	NodeDown(n NodeID, graceful bool)
	// PathLost: the way to the node has broken, not the node. What was sent to it, and what it has sent, and has had no answer yet may be
	// lost. It comes after all packets that were on that way and have arrived, and only between NodeUp and NodeDown.
	PathLost(n NodeID)
}

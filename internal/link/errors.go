package link

import (
	"errors"
	"fmt"

	"github.com/parley-dm/parley/internal/node"
)

// Errors of Send. Test with errors.Is.
var (
	// ErrEnded: the link has ended. It is a node.ErrNoNode.
	ErrEnded = fmt.Errorf("the link has ended: %w", node.ErrNoNode)
	// ErrOverloaded: what is not written or not acknowledged has reached its bound. As the reason
	// of an end: the packets that came on a suspended link have.
	ErrOverloaded = node.ErrOverloaded
	// ErrTooLarge: the packet is longer than Config.MaxPacket.
	ErrTooLarge = node.ErrTooLarge
)

// Reasons for which links end. Test with errors.Is.
var (
	// ErrSilent: nothing was received for Timing.Failure.
	ErrSilent = errors.New("the node is silent")
	// ErrGone: the connection broke, and at the node's address is no process or another one.
	ErrGone = errors.New("the node's process is gone")
	// ErrGoodbye: the other side has ended the link.
	ErrGoodbye = errors.New("the node said goodbye")
	// ErrPaused: this process did not run for a while.
	ErrPaused = errors.New("this process was paused")
	// ErrClosed: the endpoint is closed.
	ErrClosed = errors.New("the endpoint is closed")
	// ErrProtocol: the other side sent what no node sends.
	ErrProtocol = errors.New("protocol error")
	// ErrRefused: the other side had ended the link before.
	ErrRefused = errors.New("the node had ended the link")
)

// Errors of a handshake. Test with errors.Is.
var (
	// ErrSecret: the nodes do not have the same cluster secret.
	ErrSecret = errors.New("its cluster secret is not ours; all nodes need the same one")
	// ErrVersion: the other node speaks another version of links.
	ErrVersion = errors.New("it speaks another version of links; all nodes of a cluster need the same one")
	// ErrSelf: at the address is this node itself.
	ErrSelf = errors.New("it is this node itself")
	// ErrNotCluster: at the address is no node's cluster port.
	ErrNotCluster = errors.New("it does not answer as a node's cluster port; is it a client port?")
	// ErrWrongNode: at the address is another node.
	ErrWrongNode = errors.New("at this address is another node")
	// ErrBusy: the other node has no time for it now.
	ErrBusy = errors.New("it is busy")
)

var (
	errMalformed = errors.New("a malformed message")
	errNotTLS    = errors.New("it does not speak TLS")
	errStale     = errors.New("a newer attempt has begun")
	errEnded     = errors.New("the link's number has ended")
)

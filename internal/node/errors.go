package node

import "errors"

// Errors of sending to another node. Test with errors.Is.
var (
	// ErrNoNode: there is no link to that node.
	ErrNoNode = errors.New("no such node")
	// ErrOverloaded: what waits to be sent to that node, or to be acknowledged by it, has reached
	// its bound.
	ErrOverloaded = errors.New("the queue to the node is full")
	// ErrTooLarge: links do not carry a packet of this size.
	ErrTooLarge = errors.New("packet too large")
)

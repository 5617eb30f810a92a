package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/parley-dm/parley/wire"
)

const errTextServerGone = "the server closed the connection"

// read takes in what the server sends until the connection ends, and returns why.
func (c *Client) read(cn *conn) error {
	for {
		f, err := cn.tr.next()
		if err == nil {
			cn.heard.Store(int64(cn.clock()))
			err = c.handle(cn, f)
		}
		if err == nil {
			continue
		}
		if broken := asProtocolError(err); broken != nil {
			cn.closeWith(wire.GoodbyeProtocol, broken)

			return broken
		}
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: %w", errTextServerGone, err)
		}

		return err
	}
}

// handle acts on one frame. An error ends the connection.
func (c *Client) handle(cn *conn, f wire.Frame) error {
	switch f.Kind {
	case wire.KindResponse:
		return cn.calls.answer(f)
	case wire.KindPush:
		return c.push(cn, f)
	case wire.KindPing:
		// With a full outbox there is no pong: a server that reads nothing will not miss it.
		cn.out.add(wire.Frame{Kind: wire.KindPong, ID: f.ID}, "")

		return nil
	case wire.KindPong:
		return nil
	case wire.KindGoodbye:
		return goodbye(f)
	default:
		return fmt.Errorf("%w: it sent a %v after the welcome", ErrProtocol, f.Kind)
	}
}

// push leaves a push for the callbacks.
func (c *Client) push(cn *conn, f wire.Frame) error {
	ev := event{kind: eventPush, ver: f.Ver, cmd: f.Cmd, data: f.Payload}
	if f.Ver == wire.EngineVer && (f.Cmd == wire.CommandSend || f.Cmd == wire.CommandDisconnect) {
		peer, rest, err := wire.ParsePeer(f.Payload)
		if err != nil {
			return err
		}
		ev.kind, ev.peer, ev.data = eventMessage, string(peer), rest
		if f.Cmd == wire.CommandDisconnect {
			ev.kind = eventPeerDisconnect
		}
	}
	if err := c.awaitRoom(cn); err != nil {
		return err
	}
	ev.data = bytes.Clone(ev.data)
	c.in.add(ev)

	return nil
}

// awaitRoom holds the reader back while callbacks are behind. A request that waits changes that:
// its response is somewhere behind what arrives, and the callback that is being waited for may be
// the one that made it. So the reader goes on then, up to a second, higher bound.
func (c *Client) awaitRoom(cn *conn) error {
	for {
		size, room := c.in.full()
		if room == nil {
			return nil
		}
		some, opened := cn.calls.some()
		if some {
			if size >= backlogFactor*c.cfg.backlog {
				return fmt.Errorf("%w: %d bytes", ErrBacklog, size)
			}

			return nil
		}
		cn.paused.Store(true)
		select {
		case <-room:
		case <-opened:
		case <-cn.done:
			return errEnded
		}
		cn.heard.Store(int64(cn.clock()))
		cn.paused.Store(false)
	}
}

// asProtocolError returns err as an ErrProtocol if it says that the server sent what it should not,
// else nil.
func asProtocolError(err error) error {
	if errors.Is(err, ErrProtocol) {
		return err
	}
	for _, broken := range []error{
		wire.ErrShortFrame, wire.ErrFrameTooLong, wire.ErrUnknownKind, wire.ErrMalformedPeer, wire.ErrMalformedResponse,
	} {
		if errors.Is(err, broken) {
			return fmt.Errorf("%w: %w", ErrProtocol, err)
		}
	}

	return nil
}

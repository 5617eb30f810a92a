package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// The part of RFC 6455 that a well-behaved pair of programs needs: whole messages, pings, closes.
// Frames of a client are masked; ours with zeros, which leaves the bytes as they are.
const (
	opText   = 1
	opBinary = 2
	opClose  = 8
	opPing   = 9
	opPong   = 10

	finBit  = 0x80
	maskBit = 0x80

	len16          = 126 // the length follows in 2 bytes
	len64          = 127 // in 8
	maxShortLength = 125
)

var (
	errWebSocket = errors.New("the server sends WebSocket frames that it should not")
	errWSClosed  = errors.New("the server closes the WebSocket connection")
)

func webSocketFrame(op byte, payload []byte) []byte {
	frame := []byte{finBit | op}
	switch n := len(payload); {
	case n <= maxShortLength:
		frame = append(frame, maskBit|byte(n))
	case n <= 0xffff:
		frame = binary.BigEndian.AppendUint16(append(frame, maskBit|len16), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, maskBit|len64), uint64(n))
	}

	return append(append(frame, 0, 0, 0, 0), payload...)
}

// splitWebSocket finds the first frame: a body, which has to be of that kind, or nil and perhaps a
// reply.
func splitWebSocket(buf []byte, kind byte) (body []byte, n int, reply []byte, err error) {
	if len(buf) < 2 {
		return nil, 0, nil, nil
	}
	if buf[0]&finBit == 0 || buf[1]&maskBit != 0 {
		return nil, 0, nil, errWebSocket
	}
	head, length := 2, uint64(buf[1])
	switch length {
	case len16:
		if head = 4; len(buf) >= head {
			length = uint64(binary.BigEndian.Uint16(buf[2:]))
		}
	case len64:
		if head = 10; len(buf) >= head {
			length = binary.BigEndian.Uint64(buf[2:])
		}
	}
	switch {
	case len(buf) < head:
		return nil, 0, nil, nil
	case length > maxBody:
		return nil, 0, nil, errWebSocket
	case uint64(len(buf)-head) < length:
		return nil, 0, nil, nil
	}
	n = head + int(length)
	body = buf[head:n:n]
	switch buf[0] &^ finBit {
	case kind:
		return body, n, nil, nil
	case opPing:
		return nil, n, webSocketFrame(opPong, body), nil
	case opPong:
		return nil, n, nil, nil
	case opClose:
		return nil, 0, nil, closeError(body)
	}

	return nil, 0, nil, errWebSocket
}

// closeError is what a close says: a code and a reason, or nothing.
func closeError(body []byte) error {
	if len(body) < 2 {
		return errWSClosed
	}

	return fmt.Errorf("%w: %d %s", errWSClosed, binary.BigEndian.Uint16(body), quote(body[2:]))
}

// upgrade makes a WebSocket of a fresh connection. It does not check the accept key: the server is
// known to be one.
func upgrade(c *conn, path, subprotocol string) error {
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n", path, c.raw.RemoteAddr())
	if subprotocol != "" {
		request = fmt.Appendf(request, "Sec-WebSocket-Protocol: %s\r\n", subprotocol)
	}
	request = append(request, "\r\n"...)
	if err := c.write(request); err != nil {
		return err
	}
	for {
		if err := c.fill(); err != nil {
			return fmt.Errorf("no answer to the WebSocket request: %w", err)
		}
		head, _, whole := bytes.Cut(c.buf[c.r:c.w], []byte("\r\n\r\n"))
		if !whole {
			continue
		}
		if status, _, _ := bytes.Cut(head, []byte("\r\n")); !bytes.HasPrefix(status, []byte("HTTP/1.1 101 ")) {
			return fmt.Errorf("the WebSocket request is answered with %q", status)
		}
		c.r += len(head) + len("\r\n\r\n")

		return nil
	}
}

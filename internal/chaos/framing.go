package chaos

import (
	"bytes"
	"encoding/binary"

	"github.com/parley-dm/parley/wire"
)

// framing finds the frames in the bytes of one direction of a connection. It skips what it cannot
// parse.
type framing struct {
	webSocket bool // WebSocket: a head of HTTP, then messages
	upgraded  bool // the head is over
	buf       []byte
	onFrame   func(wire.Frame) // the payload is good until it returns
}

const maxBody = 4 << 20

// feed takes the next bytes.
func (f *framing) feed(p []byte) {
	f.buf = append(f.buf, p...)
	used := 0
	for {
		body, n := f.next(f.buf[used:])
		if n == 0 {
			break
		}
		used += n
		if body == nil {
			continue
		}
		if frame, err := wire.ParseBody(body); err == nil {
			f.onFrame(frame)
		}
	}
	f.buf = append(f.buf[:0], f.buf[used:]...)
}

// next returns the first body in buf, nil if something else is there, and how many bytes that
// takes; 0 if more are needed.
func (f *framing) next(buf []byte) (body []byte, n int) {
	if !f.webSocket {
		body, n, _ = wire.Split(buf, maxBody)

		return body, n
	}
	if !f.upgraded {
		end := bytes.Index(buf, []byte("\r\n\r\n"))
		if end < 0 {
			return nil, 0
		}
		f.upgraded = true

		return nil, end + 4
	}

	return nextWebSocket(buf)
}

// nextWebSocket takes a WebSocket frame (RFC 6455, section 5.2) apart. Neither side of ours sends
// fragments.
func nextWebSocket(buf []byte) (body []byte, n int) {
	const (
		head      = 2
		binaryFin = 0x82
		masked    = 0x80
	)
	if len(buf) < head {
		return nil, 0
	}
	at, size := head, uint64(buf[1]&^masked)
	switch size {
	case 126: //nolint:mnd // two bytes of length follow
		if len(buf) < at+2 {
			return nil, 0
		}
		size, at = uint64(binary.BigEndian.Uint16(buf[at:])), at+2
	case 127: //nolint:mnd // eight bytes of length follow
		if len(buf) < at+8 {
			return nil, 0
		}
		size, at = binary.BigEndian.Uint64(buf[at:]), at+8
	}
	var key []byte
	if buf[1]&masked != 0 {
		if len(buf) < at+4 {
			return nil, 0
		}
		key, at = buf[at:at+4], at+4
	}
	if uint64(len(buf)-at) < size {
		return nil, 0
	}
	end := at + int(size)
	if buf[0] != binaryFin {
		return nil, end
	}
	body = append([]byte{}, buf[at:end]...)
	for i := range body {
		if key != nil {
			body[i] ^= key[i%4]
		}
	}

	return body, end
}

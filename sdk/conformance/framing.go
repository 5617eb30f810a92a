package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/parley-dm/parley/wire"
)

// maxFrame bounds what a proxy keeps of one frame.
const maxFrame = 1 << 24

// framing tells how bodies follow each other on a transport.
type framing interface {
	// opening reads what comes before the first frame.
	opening(r *bufio.Reader) ([]byte, error)
	// next reads one piece of the transport. Body is nil if the piece is no whole body.
	next(r *bufio.Reader) (piece, body []byte, err error)
	// frame makes a piece of a body, as a server sends it.
	frame(body []byte) []byte
	// text makes a piece that no server should send, nil if the transport has none.
	text(words string) []byte
}

// streamFraming is TCP: each body behind its length.
type streamFraming struct{}

func (streamFraming) opening(*bufio.Reader) ([]byte, error) { return nil, nil }

func (streamFraming) next(r *bufio.Reader) (piece, body []byte, err error) {
	head, err := r.Peek(wire.LengthSize)
	if err != nil {
		return nil, nil, err
	}
	length := int64(binary.BigEndian.Uint32(head))
	if length > maxFrame {
		return nil, nil, fmt.Errorf("a frame of %d bytes", length)
	}
	piece = make([]byte, wire.LengthSize+int(length))
	if _, err := io.ReadFull(r, piece); err != nil {
		return nil, nil, err
	}

	return piece, piece[wire.LengthSize:], nil
}

func (streamFraming) frame(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func (streamFraming) text(string) []byte { return nil }

// messageFraming is WebSocket: each body one binary message.
type messageFraming struct{}

const (
	opText   = 1
	opBinary = 2
	finalBit = 0x80
	maskBit  = 0x80
)

// opening reads the head of the HTTP request or response.
func (messageFraming) opening(r *bufio.Reader) ([]byte, error) {
	var head []byte
	for !bytes.HasSuffix(head, []byte("\r\n\r\n")) {
		line, err := r.ReadSlice('\n')
		if err != nil || len(head) > maxFrame {
			return nil, fmt.Errorf("the head of an HTTP message: %w", err)
		}
		head = append(head, line...)
	}

	return head, nil
}

// next takes messages in several frames for pieces without a body.
func (messageFraming) next(r *bufio.Reader) (piece, body []byte, err error) {
	head, err := r.Peek(2)
	if err != nil {
		return nil, nil, err
	}
	size, length := 2, int64(head[1]&^maskBit)
	extended := map[int64]int{126: 2, 127: 8}[length]
	size += extended
	if head, err = r.Peek(size); err != nil {
		return nil, nil, err
	}
	if extended > 0 {
		var wide [8]byte
		copy(wide[8-extended:], head[2:size])
		length = int64(binary.BigEndian.Uint64(wide[:]))
	}
	var mask []byte
	if head[1]&maskBit != 0 {
		size += 4
		if head, err = r.Peek(size); err != nil {
			return nil, nil, err
		}
		mask = bytes.Clone(head[size-4:])
	}
	if length < 0 || length > maxFrame {
		return nil, nil, fmt.Errorf("a WebSocket frame of %d bytes", length)
	}
	piece = make([]byte, size+int(length))
	if _, err := io.ReadFull(r, piece); err != nil {
		return nil, nil, err
	}
	if piece[0] != finalBit|opBinary {
		return piece, nil, nil
	}
	body = bytes.Clone(piece[size:])
	if mask != nil {
		for i := range body {
			body[i] ^= mask[i&3]
		}
	}

	return piece, body, nil
}

func (messageFraming) frame(body []byte) []byte { return message(opBinary, body) }

func (messageFraming) text(words string) []byte { return message(opText, []byte(words)) }

// message makes a WebSocket frame as servers send it.
func message(op byte, data []byte) []byte {
	const longest = 125
	if len(data) <= longest {
		return append([]byte{finalBit | op, byte(len(data))}, data...)
	}
	const sixteenBits = 126

	return append(binary.BigEndian.AppendUint16([]byte{finalBit | op, sixteenBits}, uint16(len(data))), data...)
}

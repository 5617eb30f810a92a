package gateway

import (
	"encoding/binary"
	"errors"

	"github.com/gobwas/ws"

	"github.com/parley-dm/parley/wire"
)

// WebSocket framing (RFC 6455), as far as Parley needs it: no extensions, binary messages only.
//
//	0        1              2           2, 4 or 10   +4
//	| FIN op | MASK length7 | length16/64 | mask u32 | payload, masked ...

const (
	opContinuation = byte(ws.OpContinuation)
	opText         = byte(ws.OpText)
	opBinary       = byte(ws.OpBinary)
	opClose        = byte(ws.OpClose)
	opPing         = byte(ws.OpPing)
	opPong         = byte(ws.OpPong)

	finBit, rsvBits, opBits = 0x80, 0x70, 0x0f
	maskBit, lengthBits     = 0x80, 0x7f
	controlBit              = 0x08 // in the op of control frames
	length16, length64      = 126, 127
	maxControl              = 125
	maskSize                = 4
)

var (
	errWSText      = errors.New("WebSocket text message: only binary ones carry frames")
	errWSUnmasked  = errors.New("WebSocket frame of a client without a mask")
	errWSReserved  = errors.New("WebSocket frame with reserved bits or a reserved opcode")
	errWSControl   = errors.New("WebSocket control frame that is fragmented or too long")
	errWSLength    = errors.New("WebSocket frame with a length that is not encoded in the shortest way")
	errWSTooLong   = errors.New("message longer than the limit")
	errWSSequence  = errors.New("WebSocket fragments out of order")
	errWSCloseBody = errors.New("WebSocket close frame with a malformed body")
)

// wsFrame is one WebSocket frame of a client.
type wsFrame struct {
	op      byte
	fin     bool
	payload []byte // unmasked, in place
}

// splitWS finds the first frame in buf and unmasks it, in place. n is its length in buf, 0 if it is
// not complete. An invalid frame is reported as soon as its header is complete.
func splitWS(buf []byte, maxBody int) (f wsFrame, n int, err error) {
	const short = 2 // bytes that every header has
	if len(buf) < short {
		return wsFrame{}, 0, nil
	}
	f = wsFrame{op: buf[0] & opBits, fin: buf[0]&finBit != 0}
	length := uint64(buf[1] & lengthBits)
	if err := f.check(buf[0], buf[1]); err != nil {
		return wsFrame{}, 0, err
	}
	head := short
	switch length {
	case length16:
		head += 2
		if len(buf) < head {
			return wsFrame{}, 0, nil
		}
		if length = uint64(binary.BigEndian.Uint16(buf[short:])); length < length16 {
			return wsFrame{}, 0, errWSLength
		}
	case length64:
		head += 8
		if len(buf) < head {
			return wsFrame{}, 0, nil
		}
		if length = binary.BigEndian.Uint64(buf[short:]); length <= 0xffff {
			return wsFrame{}, 0, errWSLength
		}
	}
	if length > uint64(maxBody) {
		return wsFrame{}, 0, errWSTooLong
	}
	end := head + maskSize + int(length)
	if len(buf) < end {
		return wsFrame{}, 0, nil
	}
	f.payload = buf[head+maskSize : end : end]
	ws.Cipher(f.payload, [maskSize]byte(buf[head:]), 0)

	return f, end, nil
}

// check validates the first two bytes of the header.
func (f wsFrame) check(first, second byte) error {
	switch f.op {
	case opText:
		return errWSText
	case opContinuation, opBinary, opClose, opPing, opPong:
	default:
		return errWSReserved
	}
	switch {
	case first&rsvBits != 0:
		return errWSReserved
	case second&maskBit == 0:
		return errWSUnmasked
	case f.op&controlBit != 0 && (!f.fin || second&lengthBits > maxControl):
		return errWSControl
	}

	return nil
}

// appendWSHeader appends the header of a server's frame with n bytes of payload.
func appendWSHeader(dst []byte, op byte, n int) []byte {
	switch {
	case n < length16:
		return append(dst, finBit|op, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(dst, finBit|op, length16), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(dst, finBit|op, length64), uint64(n))
	}
}

// nextMessage returns the next binary message that has arrived, nil if none is complete. It handles
// the control frames in between.
func (s *session) nextMessage() ([]byte, error) {
	if s.fragDone {
		s.dropFragment()
	}
	for {
		f, n, err := splitWS(s.input.Bytes(), s.bodyLimit())
		if err != nil || n == 0 {
			return nil, err
		}
		s.input.Consume(n)
		s.charge(1, 0)
		switch f.op {
		case opPing:
			s.sendControl(opPong, f.payload)
		case opPong:
		case opClose:
			if len(f.payload) == 1 {
				return nil, errWSCloseBody
			}
			s.closeWith(0, "", CauseLeft)

			return nil, errSessionClosed
		default:
			body, err := s.join(f)
			if err != nil || body != nil {
				return body, err
			}
		}
	}
}

// join assembles the fragments of a message. It returns nil while more are to come.
func (s *session) join(f wsFrame) ([]byte, error) {
	begun := s.fragBegun
	switch {
	case begun != (f.op == opContinuation):
		return nil, errWSSequence
	case !begun && f.fin && len(f.payload) == 0:
		return nil, wire.ErrShortFrame // as below
	case !begun && f.fin:
		return f.payload, nil
	case s.frag.Len()+len(f.payload) > s.bodyLimit():
		return nil, errWSTooLong
	}
	s.fragBegun = true
	s.frag.Append(f.payload, 0)
	if !f.fin {
		return nil, nil
	}
	if s.frag.Len() == 0 {
		return nil, wire.ErrShortFrame // nil would say that more is to come
	}
	s.fragDone = true

	return s.frag.Bytes(), nil
}

func (s *session) dropFragment() {
	s.frag.Free()
	s.fragBegun, s.fragDone = false, false
}

// closeStatus is the status of the WebSocket close frame that follows a goodbye.
func closeStatus(code wire.Goodbye) uint16 {
	switch code {
	case wire.GoodbyeLeaving:
		return uint16(ws.StatusNormalClosure)
	case wire.GoodbyeStopping:
		return uint16(ws.StatusGoingAway)
	case wire.GoodbyeProtocol:
		return uint16(ws.StatusProtocolError)
	case wire.GoodbyeHeartbeat, wire.GoodbyeSlow, wire.GoodbyeBadToken, wire.GoodbyeReplaced, wire.GoodbyeRemoved:
	}

	return uint16(ws.StatusPolicyViolation)
}

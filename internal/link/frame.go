package link

import (
	"encoding/binary"
)

// Frames of a connection after its handshake:
//
//	0                       4      5      6
//	| length = 2 + payload  | kind | port | payload ...
//
//	packet   port and payload are the sender's; numbered
//	beat     empty; numbered
//	ack      payload: how many numbered frames of the link its sender has received, u64
//	goodbye  empty; the last frame of a link
//
// Numbered frames count from 1 in the order of the link, whatever connections carry them.
const (
	kindPacket  = 1
	kindBeat    = 2
	kindAck     = 3
	kindGoodbye = 4
)

const (
	lengthSize = 4
	headSize   = lengthSize + 2
	ackSize    = headSize + 8
)

// frame is one decoded frame. The payload aliases the buffer.
type frame struct {
	kind, port uint8
	payload    []byte
}

// appendFrame allocates only when dst has no room.
func appendFrame(dst []byte, kind, port uint8, payload []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(headSize-lengthSize+len(payload)))
	dst = append(dst, kind, port)

	return append(dst, payload...)
}

func appendAck(dst []byte, count uint64) []byte {
	dst = appendFrame(dst, kindAck, 0, nil)
	binary.BigEndian.PutUint32(dst[len(dst)-headSize:], ackSize-lengthSize)

	return binary.BigEndian.AppendUint64(dst, count)
}

// setAck overwrites the count of the ack frame at the beginning of b.
func setAck(b []byte, count uint64) { binary.BigEndian.PutUint64(b[headSize:ackSize], count) }

// splitFrame takes the first frame of b, which takes up n bytes. N is 0 without an error while the
// frame is incomplete. A length above maxPacket, an unknown kind or a payload that does not fit its
// kind is ErrProtocol.
func splitFrame(b []byte, maxPacket int) (f frame, n int, err error) {
	if len(b) < headSize {
		return f, 0, nil
	}
	length := uint64(binary.BigEndian.Uint32(b))
	if length < headSize-lengthSize || length > uint64(maxPacket)+headSize-lengthSize {
		return f, 0, ErrProtocol
	}
	f.kind, f.port = b[lengthSize], b[lengthSize+1]
	switch {
	case f.kind == kindPacket:
	case f.port != 0:
		return f, 0, ErrProtocol
	case f.kind == kindAck && length == ackSize-lengthSize:
	case (f.kind == kindBeat || f.kind == kindGoodbye) && length == headSize-lengthSize:
	default:
		return f, 0, ErrProtocol
	}
	if length > uint64(len(b)-lengthSize) {
		return f, 0, nil
	}
	n = lengthSize + int(length)
	f.payload = b[headSize:n:n]

	return f, n, nil
}

// count is the ack's count.
func (f frame) count() uint64 { return binary.BigEndian.Uint64(f.payload) }

// numbered tells whether the frame counts.
func (f frame) numbered() bool { return f.kind == kindPacket || f.kind == kindBeat }

package link

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/parley-dm/parley/wire"
)

// Frames of a link that stands, in the framing of package wire (length u32 | kind u8 | ver u8 | cmd u16 | id u32 | payload). The kinds
// are wire's, so that its parser knows them; between nodes they mean this:
//
//	push      a packet: cmd is the port, the payload a stamp u64 and the packet
//	ping      a beat: stamp u64
//	pong      open: the other side may send packets
//	request   a control packet: the payload is its receiver's affair
//	goodbye   this side has stopped: stamp u64; the last frame
const (
	kindPacket  = wire.KindPush
	kindBeat    = wire.KindPing
	kindOpen    = wire.KindPong
	kindControl = wire.KindRequest
	kindGoodbye = wire.KindGoodbye
)

const (
	stampSize   = 8
	controlRoom = 1 << 20 // what control frames may take when packets have filled the queue
	packetRoom  = wire.HeaderSize + stampSize
	maxPort     = 255
)

var errMalformed = errors.New("a frame that is none")

// appendPacket appends the frame of a packet.
func appendPacket(dst []byte, port uint8, stamp uint64, packet []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(packetRoom+len(packet)))
	dst = wire.AppendBody(dst, wire.Frame{Kind: kindPacket, Cmd: uint16(port)})
	dst = binary.BigEndian.AppendUint64(dst, stamp)

	return append(dst, packet...)
}

// hand gives the receiver what a body holds. It returns true after a goodbye.
func hand(body []byte, r Receiver) (over bool, err error) {
	f, err := wire.ParseBody(body)
	if err != nil {
		return false, err
	}
	switch f.Kind {
	case kindPacket:
		if len(f.Payload) < stampSize || f.Cmd > maxPort {
			return false, errMalformed
		}
		r.Packet(uint8(f.Cmd), binary.BigEndian.Uint64(f.Payload), f.Payload[stampSize:])

		return false, nil
	case kindControl:
		r.Control(f.Payload)

		return false, nil
	case kindOpen:
		r.Open()

		return false, nil
	case kindBeat, kindGoodbye:
		if len(f.Payload) != stampSize {
			return false, errMalformed
		}
		stamp := binary.BigEndian.Uint64(f.Payload)
		if f.Kind == kindGoodbye {
			r.Goodbye(stamp)

			return true, nil
		}
		r.Beat(stamp)

		return false, nil
	default:
		return false, fmt.Errorf("%w: %s", errMalformed, f.Kind)
	}
}

package chaos

import (
	"encoding/binary"
	"net/netip"
)

// packet is an IPv4 packet between two places, taken apart. Its slices share memory with raw.
type packet struct {
	raw       []byte
	src, dst  netip.AddrPort
	transport byte   // transportTCP, transportUDP, or another IP protocol number, without ports
	at        int    // offset of the transport header in raw
	flags     byte   // TCP
	seq, ack  uint32 // TCP
	payload   []byte
}

const (
	transportTCP = 6
	transportUDP = 17

	ipHeader  = 20
	tcpHeader = 20
	udpHeader = 8

	flagFIN = 0x01
	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// parsePacket takes an IPv4 packet apart. False: it is none.
func parsePacket(raw []byte) (p packet, ok bool) {
	if len(raw) < ipHeader || raw[0]>>4 != 4 {
		return p, false
	}
	head, size := int(raw[0]&0x0f)*4, int(binary.BigEndian.Uint16(raw[2:]))
	if head < ipHeader || size < head || size > len(raw) {
		return p, false
	}
	p = packet{raw: raw[:size], transport: raw[9], at: head}
	src, dst := netip.AddrFrom4([4]byte(raw[12:])), netip.AddrFrom4([4]byte(raw[16:]))
	body := p.raw[head:]
	var sport, dport uint16
	switch fragment := binary.BigEndian.Uint16(raw[6:])&0x1fff != 0; {
	case fragment:
		p.transport = 0
	case p.transport == transportTCP && len(body) >= tcpHeader:
		data := int(body[12]>>4) * 4
		if data < tcpHeader || data > len(body) {
			return p, false
		}
		sport, dport = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
		p.seq, p.ack = binary.BigEndian.Uint32(body[4:]), binary.BigEndian.Uint32(body[8:])
		p.flags, p.payload = body[13], body[data:]
	case p.transport == transportUDP && len(body) >= udpHeader:
		sport, dport = binary.BigEndian.Uint16(body), binary.BigEndian.Uint16(body[2:])
		p.payload = body[udpHeader:]
	default:
		p.transport = 0
	}
	p.src, p.dst = netip.AddrPortFrom(src, sport), netip.AddrPortFrom(dst, dport)

	return p, true
}

// resets are the segments that break the connection of a TCP segment which does not arrive: each
// end takes one for the other end's. Both are in sequence, as RFC 5961 demands.
func (p packet) resets() (toSender, toReceiver []byte) {
	return tcpPacket(p.dst, p.src, p.ack, p.seq, flagRST|flagACK), tcpPacket(p.src, p.dst, p.seq, p.ack, flagRST|flagACK)
}

// corrupted is the packet with one byte of its payload changed, and a checksum that fits.
func (p packet) corrupted(at int) []byte {
	raw := append([]byte(nil), p.raw...)
	raw[len(raw)-len(p.payload)+at] ^= 0x55
	setChecksums(raw, p.at)

	return raw
}

func tcpPacket(src, dst netip.AddrPort, seq, ack uint32, flags byte) []byte {
	raw := ipPacket(src, dst, transportTCP, tcpHeader)
	binary.BigEndian.PutUint32(raw[ipHeader+4:], seq)
	binary.BigEndian.PutUint32(raw[ipHeader+8:], ack)
	raw[ipHeader+12], raw[ipHeader+13] = tcpHeader/4<<4, flags
	setChecksums(raw, ipHeader)

	return raw
}

func udpPacket(src, dst netip.AddrPort, payload []byte) []byte {
	raw := ipPacket(src, dst, transportUDP, udpHeader+len(payload))
	binary.BigEndian.PutUint16(raw[ipHeader+4:], uint16(udpHeader+len(payload)))
	copy(raw[ipHeader+udpHeader:], payload)
	setChecksums(raw, ipHeader)

	return raw
}

// ipPacket is an IPv4 packet with ports, and room for the rest of its body.
func ipPacket(src, dst netip.AddrPort, transport byte, body int) []byte {
	const ttl = 64
	raw := make([]byte, ipHeader+body)
	raw[0], raw[8], raw[9] = 0x45, ttl, transport
	binary.BigEndian.PutUint16(raw[2:], uint16(len(raw)))
	from, to := src.Addr().As4(), dst.Addr().As4()
	copy(raw[12:], from[:])
	copy(raw[16:], to[:])
	binary.BigEndian.PutUint16(raw[ipHeader:], src.Port())
	binary.BigEndian.PutUint16(raw[ipHeader+2:], dst.Port())

	return raw
}

// setChecksums computes the checksums of the IP header and of what stands at an offset.
func setChecksums(raw []byte, at int) {
	raw[10], raw[11] = 0, 0
	binary.BigEndian.PutUint16(raw[10:], ^fold(sum(0, raw[:at])))
	field, transport := at+16, raw[9]
	if transport == transportUDP {
		field = at + 6
	}
	raw[field], raw[field+1] = 0, 0
	total := sum(uint32(transport)+uint32(len(raw)-at), raw[12:20])
	binary.BigEndian.PutUint16(raw[field:], ^fold(sum(total, raw[at:])))
}

func sum(total uint32, b []byte) uint32 {
	for ; len(b) > 1; b = b[2:] {
		total += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		total += uint32(b[0]) << 8
	}

	return total
}

func fold(total uint32) uint16 {
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}

	return uint16(total)
}

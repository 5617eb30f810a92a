package chaos

import (
	"bytes"
	"net/netip"
)

// recording is what crossed between nodes: searched for secrets in clear, and kept, in part, for
// replays. The fabric's lock guards it.
//
//	node ─ packet ─▶ fabric ─▶ node
//	                   └─▶ recording: search, the first gossip packets, the heads of streams
type recording struct {
	needles [][]byte
	seam    []byte // scratch: where two pieces meet

	bytes            int64             // payload between nodes
	plaintextHits    int               // needles found there
	plaintextSamples []string          // where, for the first ones
	controlHits      int               // needles found between clients and nodes, where they are in clear
	links            map[direction]int // TLS connections, by dialer and acceptor
	packets          []sentPacket      // gossip, ready to be sent again
	heads            []*streamHead     // what dialers said first
}

type sentPacket struct {
	to  int
	raw []byte
}

// streamHead is the beginning of what a dialer said.
type streamHead struct {
	to    netip.AddrPort
	bytes []byte
}

const (
	keptPackets    = 400
	keptStreams    = 100
	keptBytes      = 8 << 10 // of a stream
	maxControlHits = 1000    // sightings between clients and nodes that prove the search
	maxSamples     = 5
	maxNeedle      = 64 // bytes of the longest needle
)

// search looks for needles in a piece of a stream, or in a packet; tail is the end of the piece
// before.
func (c *recording) search(tail, piece []byte) (hits int) {
	c.seam = append(append(c.seam[:0], tail...), piece[:min(len(piece), maxNeedle)]...)
	for _, n := range c.needles {
		if bytes.Contains(piece, n) || len(tail) > 0 && bytes.Contains(c.seam, n) {
			hits++
		}
	}

	return hits
}

// recordBetweenNodes records a payload from node to node.
func (c *recording) recordBetweenNodes(w direction, p packet, tail []byte) {
	c.bytes += int64(len(p.payload))
	if hits := c.search(tail, p.payload); hits > 0 {
		c.plaintextHits += hits
		if len(c.plaintextSamples) < maxSamples {
			c.plaintextSamples = append(c.plaintextSamples, p.src.String()+" to "+p.dst.String()+": "+printable(p.payload))
		}
	}
	if p.transport == transportUDP {
		k := sentPacket{w.to, append([]byte(nil), p.raw...)}
		if len(c.packets) < keptPackets {
			c.packets = append(c.packets, k)
		} else { // the later half is a ring: old packets stay, and new ones come
			c.packets[keptPackets/2+int(c.bytes)%(keptPackets/2)] = k
		}
	}
}

// recordToClient records a payload between a client and a node: the search must find something
// there.
func (c *recording) recordToClient(p packet) {
	if c.controlHits < maxControlHits {
		c.controlHits += c.search(nil, p.payload)
	}
}

// openStream records that a dialer has said its first byte.
func (c *recording) openStream(w direction, to netip.AddrPort, t traffic) *streamHead {
	if t == linkTraffic {
		c.links[w]++
	}
	if len(c.heads) >= keptStreams {
		return nil
	}
	h := &streamHead{to: to}
	c.heads = append(c.heads, h)

	return h
}

// append records what a dialer says next. A nil head keeps nothing.
func (h *streamHead) append(b []byte) {
	if h != nil {
		h.bytes = append(h.bytes, b[:min(len(b), keptBytes-len(h.bytes))]...)
	}
}

func printable(b []byte) string {
	b = bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '.'
		}

		return r
	}, b[:min(len(b), 200)])

	return string(b)
}

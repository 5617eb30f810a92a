package chaos

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
)

// fabric is the network between all places. It carries packets, drops them, breaks connections, and
// records. It is a pure switch; a network with devices feeds it.
//
//	device of a place ─▶ forward ─▶ cut? lost? broken? ─▶ recording ─▶ deliver ─▶ device of another
type fabric struct {
	deliver func(place int, raw []byte) // writes to a place's device; any goroutine
	node    func(place int) bool

	mu          sync.Mutex
	rng         *rand.Rand
	places      map[netip.Addr]int
	faults      map[direction]*directionFaults
	streams     map[[2]netip.AddrPort]*stream // by dialer and acceptor
	record      recording
	brokenConns int // connections
}

// traffic is a kind of what crosses between nodes.
type traffic uint8

const (
	allTraffic traffic = iota
	gossipTraffic
	linkTraffic
	unknownTraffic // a TCP connection before its first byte
)

// directionFaults are the faults of one way. Where several cut it, the last one mends it.
type directionFaults struct {
	cuts   [unknownTraffic]int // by traffic
	losses int                 // faults that lose packets
}

// stream is a TCP connection between two places.
type stream struct {
	dialer, acceptor int
	traffic          traffic
	head             *streamHead
	next             uint32     // sequence number after what head has of the dialer's payload
	tail             [2][]byte  // the last bytes of dialer and acceptor
	carried          [2]int     // payloads of dialer and acceptor
	corruption       corruption // of the next payload
	closed           bool       // an end has said that it is
}

// corruption is how a connection is broken.
type corruption uint8

const (
	intact      corruption = iota
	resetConn              // a segment is lost, and both ends get a reset
	changedByte            // a byte of a segment is changed
)

// tls is the first byte of a TLS connection; gossip streams begin with another.
const tlsFirstByte = 0x16

func newFabric(seed uint64, needles ...string) *fabric {
	f := &fabric{
		rng:    rand.New(rand.NewPCG(seed, 2)),
		places: map[netip.Addr]int{}, faults: map[direction]*directionFaults{}, streams: map[[2]netip.AddrPort]*stream{},
		record: recording{links: map[direction]int{}},
	}
	for _, n := range needles {
		f.record.needles = append(f.record.needles, []byte(n))
	}

	return f
}

// forward carries a packet that a place has sent.
func (f *fabric) forward(from int, raw []byte) {
	p, ok := parsePacket(raw)
	if !ok {
		return
	}
	f.mu.Lock()
	to, known := f.places[p.dst.Addr()]
	if !known {
		f.mu.Unlock()

		return
	}
	out := f.routeLocked(direction{from, to}, p)
	f.mu.Unlock()
	for _, d := range out {
		f.deliver(d.to, d.raw)
	}
}

// routeLocked decides what becomes of a packet.
func (f *fabric) routeLocked(w direction, p packet) []sentPacket {
	var s *stream
	t := allTraffic
	mesh := f.node(w.from) && f.node(w.to)
	if mesh {
		switch p.transport {
		case transportUDP:
			t = gossipTraffic
		case transportTCP:
			s = f.streamLocked(w, p)
			t = s.traffic
		default:
		}
	}
	if x := f.faults[w]; x != nil {
		if x.cuts[allTraffic] > 0 || x.losses > 0 && f.rng.IntN(10) == 0 {
			return nil
		}
		if (t == gossipTraffic || t == linkTraffic) && x.cuts[t] > 0 {
			return nil
		}
	}
	switch {
	case len(p.payload) == 0:
	case mesh:
		if s == nil {
			f.record.recordBetweenNodes(w, p, nil)
		} else {
			s.recordLocked(&f.record, w, p)
		}
	default:
		f.record.recordToClient(p)
	}
	if s == nil || s.corruption == intact || len(p.payload) == 0 {
		return []sentPacket{{w.to, p.raw}}
	}
	how := s.corruption
	s.corruption, s.closed = intact, true
	f.brokenConns++
	if how == changedByte {
		return []sentPacket{{w.to, p.corrupted(f.rng.IntN(len(p.payload)))}}
	}
	back, forth := p.resets()

	return []sentPacket{{w.from, back}, {w.to, forth}}
}

// streamLocked is the stream of a segment. Its traffic is known from the dialer's first byte on.
func (f *fabric) streamLocked(w direction, p packet) *stream {
	key := [2]netip.AddrPort{p.src, p.dst}
	if p.flags&(flagSYN|flagACK) == flagSYN {
		if s := f.streams[key]; s == nil || s.traffic != unknownTraffic {
			f.streams[key] = &stream{dialer: w.from, acceptor: w.to, traffic: unknownTraffic}
		}
	}
	s := f.streams[key]
	dialing := s != nil
	if s == nil {
		s = f.streams[[2]netip.AddrPort{p.dst, p.src}]
	}
	if s != nil && p.flags&(flagFIN|flagRST) != 0 {
		s.closed = true
	}
	if s == nil { // the end of one that has begun before its addresses were used again
		return &stream{dialer: w.from, acceptor: w.to, traffic: unknownTraffic}
	}
	if dialing && s.traffic == unknownTraffic && len(p.payload) > 0 {
		s.traffic = gossipTraffic
		if p.payload[0] == tlsFirstByte {
			s.traffic = linkTraffic
		}
		s.head = f.record.openStream(w, p.dst, s.traffic)
		s.next = p.seq
	}

	return s
}

// recordLocked searches a segment, and keeps what a replay needs.
func (s *stream) recordLocked(c *recording, w direction, p packet) {
	side := 0
	if w.from != s.dialer {
		side = 1
	}
	if side == 0 && p.seq == s.next {
		s.next += uint32(len(p.payload))
		s.head.append(p.payload)
	}
	s.carried[side]++
	c.recordBetweenNodes(w, p, s.tail[side])
	tail := slices.Concat(s.tail[side], p.payload[max(0, len(p.payload)-maxNeedle):])
	s.tail[side] = append(s.tail[side][:0], tail[max(0, len(tail)-maxNeedle):]...)
}

// cut cuts ways for some traffic, and returns what mends them.
func (f *fabric) cut(t traffic, ways ...direction) (mend func() error) {
	set := func(more int) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, w := range ways {
			f.faultsLocked(w).cuts[t] += more
		}
	}
	set(1)

	return func() error {
		set(-1)

		return nil
	}
}

// dropSome drops a tenth of the packets of ways, and returns what mends them.
func (f *fabric) dropSome(ways ...direction) (mend func() error) {
	set := func(more int) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, w := range ways {
			f.faultsLocked(w).losses += more
		}
	}
	set(1)

	return func() error {
		set(-1)

		return nil
	}
}

func (f *fabric) faultsLocked(w direction) *directionFaults {
	x := f.faults[w]
	if x == nil {
		x = &directionFaults{}
		f.faults[w] = x
	}

	return x
}

// breakLinks breaks the connections of links between two places with their next payload. Those that
// do not carry anything yet are left alone: a link must be able to resume.
func (f *fabric) breakLinks(a, b int, how corruption) {
	const shaken = 6 // payloads of a handshake, and some more
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.streams {
		between := s.dialer == a && s.acceptor == b || s.dialer == b && s.acceptor == a
		if between && !s.closed && s.traffic == linkTraffic && min(s.carried[0], s.carried[1]) >= shaken {
			s.corruption = how
		}
	}
}

// recorded returns gossip packets and heads of streams to replay. They are not changed any more.
func (f *fabric) recorded() (packets []sentPacket, heads []streamHead) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.record.heads {
		heads = append(heads, streamHead{h.to, append([]byte(nil), h.bytes...)})
	}

	return append(packets, f.record.packets...), heads
}

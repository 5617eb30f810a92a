package chaos

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
)

// Places 0 and 1 are nodes; clients are at -1.
func newTestFabric() (f *fabric, got *[]sentPacket) {
	f = newFabric(1, "needle")
	got = &[]sentPacket{}
	for place := clients; place < 2; place++ {
		f.places[testAddr(place, 0).Addr()] = place
	}
	f.node = func(place int) bool { return place >= 0 }
	f.deliver = func(place int, raw []byte) { *got = append(*got, sentPacket{place, bytes.Clone(raw)}) }

	return f, got
}

func testAddr(place int, port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 99, 0, byte(place + 2)}), port)
}

const (
	dialerPort   = 40_000
	acceptorPort = 7300
)

// segment is a TCP segment from a dialer to an acceptor, or back.
func segment(from, to int, back bool, seq uint32, flags byte, payload string) []byte {
	src, dst := testAddr(from, dialerPort), testAddr(to, acceptorPort)
	if back {
		src, dst = testAddr(to, acceptorPort), testAddr(from, dialerPort)
	}
	raw := tcpPacket(src, dst, seq, 1000, flags)
	raw = append(raw, payload...)
	binary.BigEndian.PutUint16(raw[2:], uint16(len(raw)))
	setChecksums(raw, ipHeader)

	return raw
}

func (f *fabric) connect(first string) {
	f.forward(0, segment(0, 1, false, 99, flagSYN, ""))
	f.forward(1, segment(0, 1, true, 999, flagSYN|flagACK, ""))
	f.forward(0, segment(0, 1, false, 100, flagACK, first))
}

// carry makes the connection one that has carried something.
func (f *fabric) carry() {
	for range 6 {
		f.forward(0, segment(0, 1, false, 99, flagACK, "x"))
		f.forward(1, segment(0, 1, true, 999, flagACK, "x"))
	}
}

func TestAFabricCarriesPacketsToTheirAddress(t *testing.T) {
	f, got := newTestFabric()
	raw := udpPacket(testAddr(0, 7300), testAddr(1, 7300), []byte("hello"))
	f.forward(0, raw)
	f.forward(0, udpPacket(testAddr(0, 7300), testAddr(9, 7300), nil)) // there is no such place
	f.forward(0, []byte{0x60, 1, 2, 3})                                // IPv6
	if len(*got) != 1 || (*got)[0].to != 1 || !bytes.Equal((*got)[0].raw, raw) {
		t.Errorf("%v", *got)
	}
}

func TestAWayThatTwoFaultsCutIsMendedByTheLast(t *testing.T) {
	f, got := newTestFabric()
	passes := func() bool {
		*got = nil
		f.forward(0, udpPacket(testAddr(0, 7300), testAddr(1, 7300), nil))

		return len(*got) == 1
	}
	first, second := f.cut(allTraffic, direction{0, 1}, direction{1, 0}), f.cut(allTraffic, direction{0, 1})
	if passes() {
		t.Error("a way is cut, and carries")
	}
	if err := first(); err != nil || passes() {
		t.Errorf("two faults cut it, one is undone, and it carries: %v", err)
	}
	if err := second(); err != nil || !passes() {
		t.Errorf("all is undone, and it carries nothing: %v", err)
	}
}

func TestGossipAndLinksAreCutApart(t *testing.T) {
	for _, c := range []struct {
		name              string
		cut               traffic
		link, stream, udp bool // what passes
	}{
		{"gossip", gossipTraffic, true, false, false},
		{"links", linkTraffic, false, true, true},
		{"all", allTraffic, false, false, false},
	} {
		for _, sort := range []struct {
			name   string
			passes bool
			send   func(f *fabric)
		}{
			{"link", c.link, func(f *fabric) { f.connect("\x16\x03\x01") }},
			{"stream", c.stream, func(f *fabric) { f.connect("\x08\x00") }},
			{"packet", c.udp, func(f *fabric) { f.forward(0, udpPacket(testAddr(0, 7300), testAddr(1, 7300), []byte("x"))) }},
		} {
			f, got := newTestFabric()
			f.cut(c.cut, direction{0, 1}, direction{1, 0})
			sort.send(f)
			passed := slices.ContainsFunc(*got, func(d sentPacket) bool {
				p, _ := parsePacket(d.raw)

				return len(p.payload) > 0
			})
			if passed != sort.passes {
				t.Errorf("%s is cut: a %s passes: %v", c.name, sort.name, passed)
			}
		}
	}
}

func TestABrokenConnectionLosesASegmentAndBothEndsGetAReset(t *testing.T) {
	f, got := newTestFabric()
	f.connect("\x16")
	f.carry()
	f.breakLinks(1, 0, resetConn)
	*got = nil
	f.forward(0, segment(0, 1, false, 101, flagACK, ""))
	f.forward(0, segment(0, 1, false, 101, flagACK, "data"))
	if len(*got) != 3 {
		t.Fatalf("%d packets, want an empty segment and two resets", len(*got))
	}
	for i, want := range []struct {
		to  int
		seq uint32
	}{{0, 1000}, {1, 101}} {
		d := (*got)[i+1]
		if p, ok := parsePacket(d.raw); !ok || d.to != want.to || p.seq != want.seq || p.flags&flagRST == 0 || !checksumsFit(d.raw) {
			t.Errorf("reset %d: to %d, %+v", i, d.to, p)
		}
	}
}

func TestAChangedByteHasAChecksumThatFits(t *testing.T) {
	f, got := newTestFabric()
	f.connect("\x16")
	f.carry()
	f.breakLinks(0, 1, changedByte)
	*got = nil
	f.forward(1, segment(0, 1, true, 1000, flagACK, "datas"))
	p, ok := parsePacket((*got)[0].raw)
	if !ok || len(*got) != 1 || string(p.payload) == "datas" || len(p.payload) != 5 || !checksumsFit(p.raw) {
		t.Errorf("%+v", p)
	}
}

func TestConnectionsThatCarryNothingYetAreNotBroken(t *testing.T) {
	f, got := newTestFabric()
	f.connect("\x16")
	f.breakLinks(0, 1, resetConn)
	*got = nil
	f.forward(0, segment(0, 1, false, 101, flagACK, "data"))
	if len(*got) != 1 {
		t.Errorf("%d packets", len(*got))
	}
}

func TestGossipStreamsAreNotBroken(t *testing.T) {
	f, got := newTestFabric()
	f.connect("\x08")
	f.carry()
	f.breakLinks(0, 1, resetConn)
	*got = nil
	f.forward(0, segment(0, 1, false, 101, flagACK, "data"))
	if len(*got) != 1 {
		t.Errorf("%d packets", len(*got))
	}
}

func TestNeedlesAreFoundAlsoAcrossSegments(t *testing.T) {
	f, _ := newTestFabric()
	f.connect("\x16 nee")
	f.forward(0, segment(0, 1, false, 105, flagACK, "dle"))
	if f.record.plaintextHits != 1 {
		t.Errorf("a needle in two segments: %d", f.record.plaintextHits)
	}
	f.forward(0, udpPacket(testAddr(0, 7300), testAddr(1, 7300), []byte("a needle")))
	if f.record.plaintextHits != 2 || len(f.record.plaintextSamples) != 2 {
		t.Errorf("a needle in a packet: %d, %q", f.record.plaintextHits, f.record.plaintextSamples)
	}
	f.forward(0, udpPacket(testAddr(0, 7300), testAddr(clients, 7300), []byte("a needle")))
	if f.record.plaintextHits != 2 || f.record.controlHits != 1 {
		t.Errorf("a needle to a client: %d, %d", f.record.plaintextHits, f.record.controlHits)
	}
}

func TestWhatDialersSayFirstIsKeptForReplays(t *testing.T) {
	f, _ := newTestFabric()
	f.connect("\x16one ")
	f.forward(0, segment(0, 1, false, 105, flagACK, "two"))
	f.forward(0, segment(0, 1, false, 105, flagACK, "two")) // sent again
	f.forward(1, segment(0, 1, true, 1000, flagACK, "answer"))
	f.forward(0, udpPacket(testAddr(0, 7300), testAddr(1, 7300), []byte("gossip")))
	packets, heads := f.recorded()
	if len(packets) < 1 || len(heads) != 1 || string(heads[0].bytes) != "\x16one two" || heads[0].to != testAddr(1, acceptorPort) {
		t.Errorf("%d packets, %+v", len(packets), heads)
	}
	if f.record.links[direction{0, 1}] != 1 {
		t.Errorf("links: %v", f.record.links)
	}
}

func checksumsFit(raw []byte) bool {
	again := bytes.Clone(raw)
	setChecksums(again, ipHeader)

	return bytes.Equal(raw, again)
}

func FuzzAFabricSurvivesAnything(f *testing.F) {
	f.Add(segment(0, 1, false, 1, flagSYN, "x"))
	f.Add(udpPacket(testAddr(0, 7300), testAddr(1, 7300), []byte("x")))
	f.Fuzz(func(_ *testing.T, raw []byte) {
		x, _ := newTestFabric()
		x.connect("\x16")
		x.breakLinks(0, 1, changedByte)
		x.forward(0, raw)
		x.forward(1, raw)
	})
}

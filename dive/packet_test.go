package dive

import (
	"bytes"
	"slices"
	"testing"

	"github.com/parley-dm/parley/internal/mesh"
)

func TestClaimsSurviveTheWire(t *testing.T) {
	want := []wireClaim{{"alice", "s1", 7}, {"böb *>", "s2", 1 << 63}}
	packet := []byte{packetClaims}
	size := 1
	for _, c := range want {
		packet = c.append(packet)
		size += c.size()
	}
	var got []wireClaim
	if err := eachClaim(packet, func(c wireClaim) { got = append(got, c) }); err != nil || !slices.Equal(got, want) || len(packet) != size {
		t.Errorf("%v, %v, %d bytes", got, err, len(packet))
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(wireClaim{"alice", "s1", 7}.append([]byte{packetClaims}))
	f.Add([]byte{packetClaims, 0, 0})
	f.Fuzz(func(t *testing.T, packet []byte) {
		again := []byte{packetClaims}
		if eachClaim(packet, func(c wireClaim) { again = c.append(again) }) == nil && !bytes.Equal(packet, again) {
			t.Errorf("%x became %x", packet, again)
		}
	})
}

func FuzzForward(f *testing.F) {
	f.Add(appendForward(nil, "bob", find{from: mesh.NodeID{Name: "a", Incarnation: 3}, token: 9, packet: []byte("hi")}))
	f.Add([]byte{packetForward})
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) == 0 || packet[0] != packetForward {
			return
		}
		user, got, err := parseForward(packet[1:])
		if err == nil && !bytes.Equal(packet, appendForward(nil, user, got)) {
			t.Errorf("%x: %q %+v", packet, user, got)
		}
	})
}

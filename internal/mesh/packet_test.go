package mesh

import (
	"bytes"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestHeadersSurviveTheWire(t *testing.T) {
	from := NodeID{Name: "node ü", Incarnation: 1<<63 + 7}
	packet := append(appendHeader(nil, kindFind, PortStorage, 12345, from), "body"...)
	h, body, err := parseHeader(packet)
	if err != nil || h.kind != kindFind || h.port != PortStorage || h.stamp != 12345 || h.node() != from || string(body) != "body" {
		t.Errorf("%+v %q %v", h, body, err)
	}
	if len(packet) > maxHeader+len("body") {
		t.Error("longer than maxHeader")
	}
}

func TestMeetingsSurviveTheWire(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := meeting{
			ask:   rapid.Bool().Draw(t, "ask"),
			mine:  Stamp(rapid.Uint64().Draw(t, "mine")),
			yours: Stamp(rapid.Uint64().Draw(t, "yours")),
		}
		for range rapid.IntRange(0, 5).Draw(t, "members") {
			want.members = append(want.members, NodeID{
				Name:        rapid.StringN(1, 20, maxName).Draw(t, "name"),
				Incarnation: rapid.Uint64Min(1).Draw(t, "incarnation"),
			})
		}
		got, err := parseMeeting(want.encode())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v became %+v, %v", want, got, err)
		}
	})
}

func TestTheListInAMeetingIsBounded(t *testing.T) {
	var m meeting
	for i := range 2 * maxMembers {
		m.members = append(m.members, NodeID{Name: string(bytes.Repeat([]byte("n"), maxName)), Incarnation: uint64(i) + 1})
	}
	b := m.encode()
	if got, err := parseMeeting(b); err != nil || len(got.members) != maxMembers || len(b) > SafePacket {
		t.Errorf("%d members, %d bytes, %v", len(got.members), len(b), err)
	}
}

func FuzzHeader(f *testing.F) {
	f.Add(appendHeader(nil, kindBeat, 0, 1, NodeID{"a", 1}))
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, packet []byte) {
		h, body, err := parseHeader(packet)
		if err != nil {
			return
		}
		if again := append(appendHeader(nil, h.kind, h.port, h.stamp, h.node()), body...); !bytes.Equal(again, packet) {
			t.Errorf("%x became %x", packet, again)
		}
	})
}

func FuzzMeeting(f *testing.F) {
	f.Add(meeting{ask: true, mine: 1, yours: 2, members: []NodeID{{"a", 1}}}.encode())
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parseMeeting(body)
		if err != nil {
			return
		}
		if again := m.encode(); !bytes.Equal(again[1:], body[1:]) {
			t.Errorf("%x became %x", body, again)
		}
	})
}

// A node takes any bytes from another one without harm.
func FuzzReceive(f *testing.F) {
	from := NodeID{"b", 7}
	for k := kindPacket; k <= kindAnswer; k++ {
		f.Add(append(appendHeader(nil, k, PortDM, 1, from), 1, 2, 3, 4, 5, 6, 7, 8, 9))
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		m, err := newMember("a", Timing{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		m.eng = NewMemory(MemoryOptions{}).Node("x").eng
		m.Handle(PortDM, newRecorder())
		m.state.Store(stateRunning)
		m.onNode(packet)
		m.onAll(packet)
		m.onFind("alice", packet)
	})
}

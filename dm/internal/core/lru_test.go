package core

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

var remote = Node{Name: "n2", Incarnation: 1}

// newTestSession makes bob's session, with so many channels at most.
func newTestSession(channels int) *Session {
	return NewSession(Config{
		User: "bob", Place: Place{Node: Node{Name: "n1", Incarnation: 1}, SID: SID{1}}, Login: 1, Timeout: 100,
		Stamp: func() uint64 { return 1 }, Linked: func(Node) bool { return true },
		Limits: Limits{Items: math.MaxInt, AllItems: math.MaxInt, Bytes: math.MaxInt, Channels: channels},
	})
}

// hears has a message of a peer arrive, and returns what says that the callbacks have accepted it.
func hears(s *Session, now int64, peer string) (accept func(now int64) []Effect) {
	a := &Arrival{Kind: Message, Found: true, From: Place{Node: remote, SID: SID{peer[0]}}, Epoch: uint64(now)}
	_, c, _ := s.Arrive(nil, now, a, []byte(peer), false)

	return func(now int64) []Effect { return s.CallbackDone(nil, now, c, a, true) }
}

func open3(s *Session) (fx []Effect) {
	for i, peer := range []string{"a", "b", "c"} {
		now := int64(10 * (i + 1))
		fx = append(fx, hears(s, now, peer)(now)...)
	}

	return fx
}

func peersOf(s *Session) (list []string) {
	for _, c := range s.Conversations() {
		if c.Open() {
			list = append(list, c.Peer())
		}
	}
	slices.Sort(list)

	return list
}

// forgotten lists the peers that are told of a forgotten channel.
func forgotten(fx []Effect) (list []string) {
	for _, e := range fx {
		if e.Kind == Transmit && e.Item.Kind == Forget {
			list = append(list, e.Conv.Peer())
		}
	}

	return list
}

func TestTheLeastRecentlyUsedChannelGoes(t *testing.T) {
	s := newTestSession(3)
	open3(s)
	hears(s, 40, "a")(40)
	if fx := hears(s, 50, "d")(50); !slices.Equal(forgotten(fx), []string{"b"}) || !slices.Equal(peersOf(s), []string{"a", "c", "d"}) {
		t.Errorf("%v are forgotten, %v stay", forgotten(fx), peersOf(s))
	}
}

func TestAChannelInUseIsNotEvicted(t *testing.T) {
	s := newTestSession(3)
	open3(s)
	done := hears(s, 40, "a") // with the callbacks
	hears(s, 50, "b")(50)
	hears(s, 60, "c")(60)
	if fx := hears(s, 70, "d")(70); !slices.Equal(forgotten(fx), []string{"b"}) {
		t.Errorf("%v are forgotten", forgotten(fx))
	}
	done(80)
	if got := peersOf(s); !slices.Equal(got, []string{"a", "c", "d"}) {
		t.Errorf("%v stay", got)
	}
}

func TestIdleChannelsGoUnlessInUse(t *testing.T) {
	s := newTestSession(10)
	hears(s, 10, "a")(10)
	hears(s, 11, "a") // with the callbacks
	hears(s, 20, "b")(20)
	hears(s, 30, "c")(30)
	if fx := s.DropIdle(nil, 100, 25); !slices.Equal(forgotten(fx), []string{"b"}) {
		t.Errorf("%v are forgotten", forgotten(fx))
	}
	if got := peersOf(s); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("%v stay", got)
	}
}

func TestAnEventCostsTheSameWhateverIsOpen(t *testing.T) {
	const many = 20_000
	s := newTestSession(many)
	busy := make([]func(int64) []Effect, many)
	for i := range many { // all are in use: none can go
		a := &Arrival{Kind: Message, Found: true, From: Place{Node: remote, SID: SID{byte(i), byte(i >> 8), 1}}, Epoch: 5}
		peer := fmt.Sprint("peer ", i)
		_, c, _ := s.Arrive(nil, 5, a, []byte(peer), false)
		s.CallbackDone(nil, 5, c, a, true)
		b := *a
		b.Epoch = 6
		s.Arrive(nil, 6, &b, []byte(peer), false)
		busy[i] = func(now int64) []Effect { return s.CallbackDone(nil, now, c, &b, true) }
	}
	first := s.channels.oldest
	hears(s, 7, "one more")(7)
	passed := 0
	for c := s.channels.newest; c != nil && c.used < 7; c = c.older {
		passed++
	}
	if s.channels.oldest == first || passed > evictionTries || len(s.pending) != 0 {
		t.Errorf("an eviction has passed over %d channels, at most %d may be; %d wait", passed, evictionTries, len(s.pending))
	}
	for _, done := range busy {
		done(8)
	}
	if s.Channels() > many {
		t.Errorf("%d channels are open, at most %d may be", s.Channels(), many)
	}
}

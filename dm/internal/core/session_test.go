package core

import (
	"slices"
	"testing"
)

// What a script cannot bring about: arrivals that no real link delivers, and moments between two
// events of one session.

var (
	peerAt  = Place{Node: remote, SID: SID{7}}
	newerAt = Place{Node: Node{Name: "n3", Incarnation: 1}, SID: SID{8}}
)

func arrival(kind Kind, from Place, epoch uint64, seq uint32) *Arrival {
	return &Arrival{Kind: kind, Found: seq == 0, From: from, Epoch: epoch, Seq: seq}
}

// openWith opens a channel with ann at peerAt.
func openWith(s *Session) *Conversation {
	a := arrival(Message, peerAt, 5, 0)
	_, c, _ := s.Arrive(nil, 1, a, []byte("ann"), false)
	s.CallbackDone(nil, 1, c, a, true)

	return c
}

func refusal(t *testing.T, fx []Effect) Reply {
	t.Helper()
	if len(fx) != 1 || fx[0].Kind != Answer {
		t.Fatalf("effects %v, want an answer", did(fx))
	}

	return fx[0].Reply
}

func TestWhatIsRefusedOnceIsRefusedForGood(t *testing.T) {
	s := newTestSession(10)
	openWith(s)
	for _, seq := range []uint32{2, 1, 2} { // 1 is late
		fx, _, _ := s.Arrive(nil, 2, arrival(Message, peerAt, 5, seq), []byte("ann"), false)
		if r := refusal(t, fx); r.Outcome != NoChannel || r.Since != 1 {
			t.Errorf("number %d: %+v", seq, r)
		}
	}
}

func TestAnotherSessionDoesNotGoOnInAnEpoch(t *testing.T) {
	s := newTestSession(10)
	openWith(s)
	fx, _, _ := s.Arrive(nil, 2, arrival(Message, newerAt, 5, 1), []byte("ann"), false)
	if r := refusal(t, fx); r.Outcome != NoChannel {
		t.Errorf("%+v", r)
	}
}

func TestAChannelIsNotTakenOverThatThisSessionHasEnded(t *testing.T) {
	s := newTestSession(10)
	c := openWith(s)
	s.Disconnect(nil, 2, c, &Item{Kind: Clear, Deadline: 100}) // and is not answered
	s.TakeOver(nil, 3, &Handover{User: "bob", Channels: []Handed{{Peer: "ann", At: peerAt, Newest: 4}}})
	if c.Open() {
		t.Error("it is open")
	}
}

func TestWhatAnOlderSessionHasTakenIsStale(t *testing.T) {
	s := newTestSession(10)
	s.TakeOver(nil, 3, &Handover{User: "bob", Channels: []Handed{{Peer: "ann", At: peerAt, Newest: 9}}})
	fx, _, _ := s.Arrive(nil, 4, arrival(Message, peerAt, 9, 0), []byte("ann"), false)
	if r := refusal(t, fx); r.Outcome != Stale || r.Newest != 9 {
		t.Errorf("%+v", r)
	}
}

func TestASessionThatClosesOpensNothing(t *testing.T) {
	s := newTestSession(10)
	a := arrival(Message, peerAt, 5, 0)
	_, c, _ := s.Arrive(nil, 1, a, []byte("ann"), false)
	s.Close(nil, 2, func(*Conversation) *Item { return &Item{Kind: Leave, Deadline: 100} })
	fx := s.CallbackDone(nil, 3, c, a, true)
	if c.Open() || !slices.Equal(did(fx), []EffectKind{Drained}) || s.State() != Closed {
		t.Errorf("open %v, effects %v, %v", c.Open(), did(fx), s.State())
	}
}

func TestAHandoverThatComesAfterTheUserHasLeftIsAFarewell(t *testing.T) {
	s := newTestSession(10)
	s.Close(nil, 1, nil)
	fx := s.TakeOver(nil, 2, &Handover{User: "bob", Channels: []Handed{{Peer: "ann", At: peerAt}}})
	if !slices.Equal(did(fx), []EffectKind{Relocate, Transmit}) || fx[1].Item.Kind != Leave {
		t.Errorf("effects %v", did(fx))
	}
}

func TestTheOlderSessionTellsThePeersOfANewerOneThatDied(t *testing.T) {
	s := newTestSession(10)
	openWith(s)
	if fx := s.Replace(nil, 2, newerAt, 100); !slices.Equal(did(fx), []EffectKind{HandOver}) {
		t.Fatalf("effects %v", did(fx))
	}
	fx := s.NodeDown(nil, 3, newerAt.Node)
	if !slices.Equal(did(fx), []EffectKind{Relocate}) || fx[0].To.Node != remote || fx[0].Relocation.Now != newerAt || fx[0].Relocation.Peer != peerAt.SID {
		t.Errorf("effects %+v", fx)
	}
	if fx := s.NodeDown(nil, 4, newerAt.Node); len(fx) != 0 {
		t.Errorf("again: %v", did(fx))
	}
}

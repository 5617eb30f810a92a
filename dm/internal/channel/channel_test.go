package channel

import (
	"slices"
	"testing"
	"time"
)

// A script cannot tell these: in its cluster no find comes twice, and a channel hears of the end of a node before anything is unsent because of it.

func TestAFindThatComesTwiceIsTakenOnce(t *testing.T) {
	c := New(nil)
	a := Arrival{Kind: Message, Found: true, From: Place{Node{"n1", 1}, SID{1}}, Epoch: 5}
	if v := c.Arrive(a); !v.Taken() {
		t.Fatalf("it is refused: %v", v.Refusal)
	}
	c.Decide(a, true)
	if v := c.Arrive(a); v.Refusal != Stale || v.Newest != 5 {
		t.Errorf("the second time: %+v, want stale", v)
	}
}

func TestWhatWasSentBeforeANodeWasGoneIsNotSentAgain(t *testing.T) {
	epoch := uint64(0)
	c := New(func() uint64 {
		epoch++

		return epoch
	})
	c.Adopt(Place{Node{"n1", 1}, SID{1}})
	deadline := time.Unix(1, 0)
	sent, unsent := &Item{Kind: Message, Deadline: deadline}, &Item{Kind: Message, Deadline: deadline}
	first := c.Send(nil, sent)[0]
	second := c.Send(nil, unsent)[0]
	acts := c.Unsent(nil, second.Epoch, second.Seq, Moved)
	acts = c.Answered(acts, Reply{Epoch: first.Epoch, Seq: first.Seq, Outcome: Delivered})
	var did []Do
	for _, a := range acts {
		did = append(did, a.Do)
	}
	if !slices.Equal(did, []Do{Finish, Find}) || acts[0].Item != sent || acts[0].Outcome != Delivered || acts[1].Item != unsent {
		t.Errorf("it did %v, want the first message finished and the second found", did)
	}
}

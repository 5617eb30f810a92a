package core

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A script cannot tell these: in its cluster no find comes twice, and a channel hears of the end of
// a node before anything is unsent because of it.

func TestAFindThatComesTwiceIsTakenOnce(t *testing.T) {
	c := machine(0)
	a := &Arrival{Kind: Message, Found: true, From: Place{Node: Node{Name: "n1", Incarnation: 1}, SID: SID{1}}, Epoch: 5}
	if v := c.arrive(a); !v.taken() {
		t.Fatalf("it is refused: %v", v.refusal)
	}
	c.callbackDone(a, true)
	if v := c.arrive(a); v.refusal != Stale || v.newest != 5 {
		t.Errorf("the second time: %+v, want stale", v)
	}
}

func TestWhatWasSentBeforeANodeWasGoneIsNotSentBackoff(t *testing.T) {
	c := machine(0)
	c.adopt(Place{Node: Node{Name: "n1", Incarnation: 1}, SID: SID{1}})
	deadline := int64(1)
	sent, unsent := &Item{Kind: Message, Deadline: deadline}, &Item{Kind: Message, Deadline: deadline}
	first := c.send(nil, sent)[0]
	second := c.send(nil, unsent)[0]
	acts := c.unsent(nil, second.Epoch, second.Seq, Moved)
	acts = c.answered(acts, Reply{Epoch: first.Epoch, Seq: first.Seq, Outcome: Delivered})
	acts = c.retry(acts)
	if got := did(acts); !slices.Equal(got, []EffectKind{Backoff, Finish, Lookup}) || acts[1].Item != sent || acts[1].Outcome != Delivered || acts[2].Item != unsent {
		t.Errorf("it did %v, want a pause, the first message finished and the second found", got)
	}
}

func did(fx []Effect) (list []EffectKind) {
	for _, e := range fx {
		list = append(list, e.Kind)
	}

	return list
}

// machine is the conversation of a session that logged in at that stamp.
func machine(stamp uint64) *Conversation {
	return NewSession(Config{Login: stamp, Stamp: func() uint64 { return 0 }}).Conversation("bob")
}

func TestOnlyTheFirstOfSeveralStaleRefusalsIsFollowedAtOnce(t *testing.T) {
	c := machine(10)
	at := Place{Node: Node{Name: "n1", Incarnation: 1}, SID: SID{1}}
	acts := c.send(nil, &Item{Kind: Message, Deadline: 1})
	acts = c.lookupFound(acts, 11, at)
	acts = c.answered(acts, Reply{Epoch: 11, Outcome: Stale, Newest: 20, Place: at})
	acts = c.answered(acts, Reply{Epoch: 21, Outcome: Stale, Newest: 30, Place: at})
	acts = c.retry(acts)
	acts = c.lookupFound(acts, 31, at)
	acts = c.answered(acts, Reply{Epoch: 31, Outcome: Delivered, Place: at})
	if got := did(acts); !slices.Equal(got, []EffectKind{Lookup, Carry, Carry, Backoff, Lookup, Carry, Finish}) || !c.Open() {
		t.Errorf("it did %v, open %v", got, c.Open())
	}
	if acts[2].Epoch != 21 || acts[2].To != at {
		t.Errorf("%+v, want epoch 21 at the same place", acts[2])
	}
}

func TestAStaleRefusalDoesNotRaiseASessionThatWasReplaced(t *testing.T) {
	c := machine(10)
	at := Place{Node: Node{Name: "n1", Incarnation: 1}, SID: SID{1}}
	acts := c.send(nil, &Item{Kind: Message, Deadline: 1})
	acts = c.lookupFound(acts, 11, at)
	c.s.state = Replaced
	acts, _, _ = c.retire(acts)
	acts = c.answered(acts, Reply{Epoch: 11, Outcome: Stale, Newest: 20, Place: at})
	if got := did(acts); !slices.Equal(got, []EffectKind{Lookup, Carry, Finish}) || acts[2].Outcome != Canceled || c.s.nextEpoch(0) != 12 {
		t.Errorf("it did %v", got)
	}
}

func TestAnAnswerThatCannotBeIsIgnored(t *testing.T) {
	c := machine(10)
	acts := c.send(nil, &Item{Kind: Message, Deadline: 1})
	for _, o := range []Outcome{Delivered, Moved, Stale} { // nothing has been carried yet
		acts = c.answered(acts, Reply{Epoch: 11, Outcome: o})
	}
	at := Place{Node: Node{Name: "n1", Incarnation: 1}, SID: SID{1}}
	if acts = c.lookupFound(acts, 11, at); !slices.Equal(did(acts), []EffectKind{Lookup, Carry}) {
		t.Errorf("it did %v", did(acts))
	}
}

func TestWhatIsOverdueIsKeptInRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o overdue
		n1, n2 := Node{Name: "n1", Incarnation: 1}, Node{Name: "n2", Incarnation: 2}
		type number struct {
			epoch uint64
			seq   uint32
		}
		model := map[number]Node{}
		next := map[uint64]uint32{}
		for range rapid.IntRange(1, 60).Draw(t, "length") {
			epoch := rapid.Uint64Range(1, 3).Draw(t, "epoch")
			n := n1
			if epoch == 2 {
				n = n2
			}
			switch rapid.IntRange(0, 4).Draw(t, "op") {
			case 0:
				next[epoch]++ // one that was answered in time
			case 1:
				seq := rapid.Uint32Range(0, 20).Draw(t, "seq")
				_, was := model[number{epoch, seq}]
				if has := o.has(epoch, seq); has != was || o.remove(epoch, seq) != was {
					t.Fatalf("%d.%d: has %v, want %v", epoch, seq, has, was)
				}
				delete(model, number{epoch, seq})
			case 2:
				if rapid.IntRange(0, 9).Draw(t, "down") == 0 {
					o.nodeDown(n)
					maps.DeleteFunc(model, func(_ number, at Node) bool { return at == n })
				}
			default:
				o.add(epoch, next[epoch], n)
				model[number{epoch, next[epoch]}] = n
				next[epoch]++
			}
			count := 0
			for _, r := range o {
				count += int(r.to - r.from)
			}
			if count != len(model) {
				t.Fatalf("%d numbers are kept, want %d", count, len(model))
			}
		}
	})
}

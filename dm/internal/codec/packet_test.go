package codec

import (
	"bytes"
	"testing"

	"github.com/parley-dm/parley/dm/internal/core"
)

var (
	here  = core.Node{Name: "n1", Incarnation: 7}
	there = core.Place{Node: core.Node{Name: "n2", Incarnation: 9}, SID: core.SID{2}}
)

func TestAnItemArrivesAsItWasSent(t *testing.T) {
	data := FindData{MyUserID: "alice", YourUserID: "bob", MyNodeAddr: here.String(), Ver: 2, Cmd: 700, Message: []byte("hi")}
	for _, kind := range []core.EffectKind{core.Carry, core.Transmit} {
		for _, flags := range []struct{ blank, noReply bool }{{}, {blank: true}, {noReply: true}, {true, true}} {
			e := &core.Effect{Kind: kind, NoReply: flags.noReply, Item: &core.Item{Kind: core.Message}, To: there, Epoch: 5, Heard: 4}
			if kind == core.Transmit {
				e.Seq = 3
			}
			b, err := AppendItem(nil, core.SID{1}, flags.blank, e, &data)
			if err != nil || TypeOf(b) != ItemType {
				t.Fatal(err, TypeOf(b))
			}
			in, err := ParseItem(here, b)
			want := core.Arrival{
				Kind: core.Message, Found: kind == core.Carry, Blank: flags.blank, NoReply: flags.noReply && kind == core.Transmit,
				From: core.Place{Node: here, SID: core.SID{1}}, Epoch: 5, Seq: e.Seq, Heard: 4,
			}
			if err != nil || in.Arrival != want || in.To != there.SID {
				t.Errorf("%+v, %v; want %+v", in, err, want)
			}
			if string(in.Sender) != "alice" || string(in.Recipient) != "bob" || in.Ver != 2 || in.Cmd != 700 || string(in.Message) != "hi" {
				t.Errorf("%+v", in)
			}
			for n := range len(b) - len("hi") {
				if _, err := ParseItem(here, b[:n]); err == nil {
					t.Errorf("%d bytes of %d were taken", n, len(b))
				}
			}
		}
	}
}

func FuzzPacketsThatAreTakenAreWrittenAlike(f *testing.F) {
	h := &core.Handover{User: "alice", Old: core.SID{1}, Now: core.SID{2}, Channels: []core.Handed{{Peer: "bob", At: there, Newest: 3}}}
	r := &core.Relocation{Peer: core.SID{1}, Old: core.SID{2}, Now: there, User: "alice"}
	a := &Answer{Reply: core.Reply{Epoch: 1, Seq: 2, Outcome: core.Stale, Since: 2, Newest: 9, Place: core.Place{Node: here}}, By: []byte("bob")}
	f.Add([]byte{})
	f.Add(AppendHandover(nil, h))
	f.Add(AppendRelocation(nil, r))
	f.Add(a.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var again []byte
		switch TypeOf(b) {
		case AnswerType:
			if a, err := ParseAnswer(here, b); err == nil {
				again = a.Append(nil)
			}
		case HandoverType:
			if h, err := ParseHandover(b); err == nil {
				again = AppendHandover(nil, h)
			}
		case RelocateType:
			if r, err := ParseRelocation(b); err == nil {
				again = AppendRelocation(nil, r)
			}
		case ItemType:
			_, _ = ParseItem(here, b)
		case Malformed:
		}
		if again != nil && !bytes.Equal(again, b) {
			t.Errorf("%x became %x", b, again)
		}
	})
}

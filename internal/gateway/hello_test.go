package gateway

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parley-dm/parley/wire"
)

func TestTheHelloHasALimitOfItsOwn(t *testing.T) {
	for _, maxMessage := range []int{1, 256, 1 << 20} {
		overBoth(t, Config{MaxMessage: maxMessage}, func(t *scene, n *node, dial func(testing.TB) *client) {
			c := dial(t)
			f := helloFrame("alice")
			f.Payload = append([]byte(`{"more":"`+strings.Repeat("m", maxHello-wire.HeaderSize-len(f.Payload)-len(`"more":"",`))+`",`), f.Payload[1:]...)
			if len(f.Payload)+wire.HeaderSize != maxHello {
				t.Fatal(len(f.Payload))
			}
			c.send(f)
			c.welcome("alice")
			bad := dial(t)
			f.Payload = append(f.Payload, ' ')
			if err := bad.io.send(wire.AppendBody(nil, f)); err != nil {
				t.Fatal(err)
			}
			if text := bad.wantGoodbye(wire.GoodbyeProtocol); maxMessage > 1 && !strings.Contains(text, "long") {
				t.Errorf("%q", text)
			}
		})
	}
}

func TestAnUnfinishedHelloHoldsLittle(t *testing.T) {
	n := start(t, Config{})
	for _, step := range []int{1, 100, 700, 1024, 5000} {
		s := &session{gw: n.gw} // in its first phase
		var want []byte
		for len(want)+step <= maxHello {
			space := s.input.Space(n.gw.maxBody + maxFraming)
			for i := range step {
				space[i] = byte(len(want) + i)
			}
			want = append(want, space[:step]...)
			s.input.Commit(step)
			s.shrinkInput()
			if holds := s.input.Size(); holds > len(want)+1<<10 || !bytes.Equal(s.input.Bytes(), want) {
				t.Fatalf("%d bytes hold %d", len(want), holds)
			}
		}
		s.phase.Store(open)
		s.input.Consume(len(want))
		s.shrinkInput()
		if !s.input.Empty() {
			t.Error("nothing holds a chunk")
		}
	}
}

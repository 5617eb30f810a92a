package link

import (
	"bytes"
	"testing"

	"github.com/parley-dm/parley/internal/node"
)

func FuzzFrames(f *testing.F) {
	f.Add(appendFrame(appendAck(appendFrame(nil, kindPacket, 3, []byte("hi")), 7), kindBeat, 0, nil))
	f.Add(appendFrame(nil, kindGoodbye, 0, nil))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		const most = 1 << 16
		for len(b) > 0 {
			fr, n, err := splitFrame(b, most)
			if err != nil || n == 0 {
				return
			}
			if n < headSize || len(fr.payload) > most {
				t.Fatal(n, len(fr.payload))
			}
			if again := appendFrame(nil, fr.kind, fr.port, fr.payload); !bytes.Equal(again, b[:n]) {
				t.Fatalf("%x became %x", b[:n], again)
			}
			if fr.kind == kindAck {
				_ = fr.count()
			}
			b = b[n:]
		}
	})
}

func FuzzHandshakeMessages(f *testing.F) {
	id := node.ID{Name: "a", Incarnation: 1}
	for _, m := range [][]byte{
		(&hello{version: Version, wanted: 2, self: id}).encode(), (&welcome{version: Version, self: id}).encode(),
		(&request{purpose: purposeLink, current: 1, attempt: 2, addr: "a:7"}).encode(),
		(&response{status: statusEnded, ended: 3, addr: "b:7", text: "no"}).encode(), (&refusal{status: statusSecret, text: "no"}).encode(),
	} {
		f.Add(m)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kind, payload, n, err := splitMessage(b)
		if err != nil || n == 0 {
			return
		}
		var again []byte
		switch kind {
		case msgHello:
			var m hello
			if err = m.decode(payload); err == nil {
				again = m.encode()
			}
		case msgWelcome:
			var m welcome
			if err = m.decode(payload); err == nil {
				again = m.encode()
			}
		case msgRequest:
			var m request
			if err = m.decode(payload); err == nil {
				again = m.encode()
			}
		case msgResponse:
			var m response
			if err = m.decode(payload); err == nil {
				again = m.encode()
			}
		case msgRefusal:
			var m refusal
			if err = m.decode(payload); err == nil {
				again = m.encode()
			}
		}
		if again != nil && !bytes.Equal(again, b[:n]) {
			t.Fatalf("%x became %x", b[:n], again)
		}
	})
}

package chaos

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/parley-dm/parley/wire"
)

func TestAConnectionFindsFramesHoweverTheyAreCut(t *testing.T) {
	var tcp, web []byte
	var want []string
	web = append(web, "HTTP/1.1 101 Switching Protocols\r\n\r\n"...)
	for i, size := range []int{0, 1, 110, 118, 130, 70_000} {
		f := wire.Frame{Kind: wire.KindPush, Ver: 1, Cmd: uint16(i), Payload: bytes.Repeat([]byte{byte(i)}, size)}
		want = append(want, describe(f))
		tcp = wire.AppendFrame(tcp, f)
		web = append(web, webFrame(0x82, wire.AppendBody(nil, f), i%2 == 1)...)
		web = append(web, webFrame(0x89, []byte("ping"), false)...)
	}
	for name, stream := range map[string][]byte{"tcp": tcp, "web": web} {
		for _, piece := range []int{1, 7, 1000, len(stream)} {
			var got []string
			f := framing{webSocket: name == "web", onFrame: func(f wire.Frame) { got = append(got, describe(f)) }}
			for p := range slices.Chunk(stream, piece) {
				f.feed(p)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s in pieces of %d: %v, want %v", name, piece, got, want)
			}
		}
	}
}

func FuzzAConnectionSurvivesAnything(f *testing.F) {
	f.Add(true, []byte("GET / HTTP/1.1\r\n\r\n\x82\x08\x05\x01\x00\x00\x00\x00\x00\x00"))
	f.Add(false, []byte{0, 0, 0, 8, 5, 1, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(_ *testing.T, web bool, stream []byte) {
		x := framing{webSocket: web, onFrame: func(wire.Frame) {}}
		x.feed(stream)
		x.feed(stream)
	})
}

func describe(f wire.Frame) string { return fmt.Sprint(f.Kind, f.Cmd, len(f.Payload)) }

func webFrame(op byte, payload []byte, masked bool) []byte {
	b, mask := []byte{op}, byte(0)
	if masked {
		mask = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = append(b, mask|126, byte(n>>8), byte(n))
	default:
		b = append(b, mask|127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	if !masked {
		return append(b, payload...)
	}
	key := []byte{1, 2, 3, 4}
	b = append(b, key...)
	for i, c := range payload {
		b = append(b, c^key[i%4])
	}

	return b
}

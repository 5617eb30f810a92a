package gateway

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestAnIntakeLosesNothingAndHoldsLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 70_000
		var (
			in             intake
			came, consumed bytes.Buffer
			next           byte
		)
		defer in.release()
		t.Repeat(map[string]func(*rapid.T){
			"arrive": func(t *rapid.T) {
				if len(in.bytes()) >= most { // a whole frame is there: it would be handled first
					return
				}
				space := in.space(most)
				if len(space) == 0 {
					t.Fatalf("no space with %d bytes", len(in.bytes()))
				}
				n := rapid.IntRange(0, len(space)).Draw(t, "n")
				for i := range n {
					space[i] = next
					next++
				}
				came.Write(space[:n])
				in.arrived(n)
			},
			"handle": func(t *rapid.T) {
				n := rapid.IntRange(0, len(in.bytes())).Draw(t, "n")
				consumed.Write(in.bytes()[:n])
				in.handled(n)
			},
			"park": func(t *rapid.T) {
				in.park()
				switch have := len(in.bytes()); {
				case have == 0 && in.c != nil:
					t.Fatal("holds a buffer with nothing in it")
				case have > 0 && have <= stubSize && len(in.c.b) > stubSize:
					t.Fatalf("holds %d bytes for %d", len(in.c.b), have)
				}
			},
			"": func(t *rapid.T) {
				if want := came.Bytes()[consumed.Len():]; !bytes.Equal(in.bytes(), want) {
					t.Fatalf("%d bytes, want %d", len(in.bytes()), len(want))
				}
				if !bytes.Equal(consumed.Bytes(), came.Bytes()[:consumed.Len()]) {
					t.Fatal("changed on the way")
				}
				if in.c != nil && len(in.c.b) > most && len(in.bytes()) < readSize && len(in.c.b) > keepReadSize {
					t.Fatalf("holds %d bytes for %d", len(in.c.b), len(in.bytes()))
				}
			},
		})
	})
}

func TestABufferOverTheBoundDoesNotReturnToThePool(t *testing.T) {
	(&chunk{make([]byte, keepReadSize+1)}).recycle()
	if c, _ := larges.Get().(*chunk); c != nil && len(c.b) > keepReadSize {
		t.Fatalf("a buffer of %d bytes came from the pool", len(c.b))
	}
}

package gateway

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestAReadBufferLosesNothingAndHoldsLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 70_000
		var (
			in             readBuffer
			came, consumed bytes.Buffer
			next           byte
		)
		defer in.free()
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
				in.commit(n)
			},
			"handle": func(t *rapid.T) {
				n := rapid.IntRange(0, len(in.bytes())).Draw(t, "n")
				consumed.Write(in.bytes()[:n])
				in.consume(n)
			},
			"park": func(t *rapid.T) {
				in.shrink()
				switch have := len(in.bytes()); {
				case have == 0 && in.chunk != nil:
					t.Fatal("holds a buffer with nothing in it")
				case have > 0 && have <= smallChunkSize && len(in.chunk.b) > smallChunkSize:
					t.Fatalf("holds %d bytes for %d", len(in.chunk.b), have)
				}
			},
			"": func(t *rapid.T) {
				if want := came.Bytes()[consumed.Len():]; !bytes.Equal(in.bytes(), want) {
					t.Fatalf("%d bytes, want %d", len(in.bytes()), len(want))
				}
				if !bytes.Equal(consumed.Bytes(), came.Bytes()[:consumed.Len()]) {
					t.Fatal("changed on the way")
				}
				if in.chunk != nil && len(in.chunk.b) > most && len(in.bytes()) < readSize && len(in.chunk.b) > maxPooledChunk {
					t.Fatalf("holds %d bytes for %d", len(in.chunk.b), len(in.bytes()))
				}
			},
		})
	})
}

func TestABufferOverTheBoundDoesNotReturnToThePool(t *testing.T) {
	(&chunk{make([]byte, maxPooledChunk+1)}).recycle()
	if c, _ := largeChunks.Get().(*chunk); c != nil && len(c.b) > maxPooledChunk {
		t.Fatalf("a buffer of %d bytes came from the pool", len(c.b))
	}
}

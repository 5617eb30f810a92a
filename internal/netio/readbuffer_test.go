package netio

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestAReadBufferLosesNothingAndHoldsLittle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 70_000
		var (
			in             ReadBuffer
			came, consumed bytes.Buffer
			next           byte
		)
		defer in.Free()
		t.Repeat(map[string]func(*rapid.T){
			"arrive": func(t *rapid.T) {
				if len(in.Bytes()) >= most { // a whole frame is there: it would be handled first
					return
				}
				space := in.Space(most)
				if len(space) == 0 {
					t.Fatalf("no space with %d bytes", len(in.Bytes()))
				}
				n := rapid.IntRange(0, len(space)).Draw(t, "n")
				for i := range n {
					space[i] = next
					next++
				}
				came.Write(space[:n])
				in.Commit(n)
			},
			"handle": func(t *rapid.T) {
				n := rapid.IntRange(0, len(in.Bytes())).Draw(t, "n")
				consumed.Write(in.Bytes()[:n])
				in.Consume(n)
			},
			"park": func(t *rapid.T) {
				in.Shrink()
				switch have := len(in.Bytes()); {
				case have == 0 && in.chunk != nil:
					t.Fatal("holds a buffer with nothing in it")
				case have > 0 && have <= smallChunkSize && len(in.chunk.b) > smallChunkSize:
					t.Fatalf("holds %d bytes for %d", len(in.chunk.b), have)
				}
			},
			"": func(t *rapid.T) {
				if want := came.Bytes()[consumed.Len():]; !bytes.Equal(in.Bytes(), want) {
					t.Fatalf("%d bytes, want %d", len(in.Bytes()), len(want))
				}
				if !bytes.Equal(consumed.Bytes(), came.Bytes()[:consumed.Len()]) {
					t.Fatal("changed on the way")
				}
				if in.chunk != nil && len(in.chunk.b) > most && len(in.Bytes()) < readSize && len(in.chunk.b) > maxPooledChunk {
					t.Fatalf("holds %d bytes for %d", len(in.chunk.b), len(in.Bytes()))
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

package gateway

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/sessions"

	"pgregory.net/rapid"
)

// outcome records the outcome of a frame.
type outcome struct {
	id  int
	log *[]int // of ids, in the order of their outcomes nil
	err []error
}

func (o *outcome) Pushed(err error) {
	o.err = append(o.err, err)
	if err == nil {
		*o.log = append(*o.log, o.id)
	}
}

// TestAnOutboxKeepsOrderBoundsAndOutcomes runs random histories of an outbox and its writer against
// a plain model.
func TestAnOutboxKeepsOrderBoundsAndOutcomes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			o        outbox
			said     bytes.Buffer // every frame that was queued, in order
			wrote    bytes.Buffer
			finished []int
			frames   []*outcome
			ends     []int // of each frame in said
			dropped  bool
		)
		maxBytes, maxFrames := rapid.IntRange(10, 200_000).Draw(t, "maxBytes"), rapid.IntRange(1, 50).Draw(t, "maxFrames")
		t.Repeat(map[string]func(*rapid.T){
			"queue": func(t *rapid.T) {
				size := rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(1, 90_000)).Draw(t, "size")
				if dropped {
					return // as a session that has ended
				}
				waiting, unfinished := said.Len()-wrote.Len(), len(frames)-len(finished)
				if fits := o.hasRoom(size, maxBytes, maxFrames); fits != (waiting+size <= maxBytes && unfinished < maxFrames) {
					t.Fatalf("room(%d) = %v with %d bytes in %d frames", size, fits, waiting, unfinished)
				} else if !fits {
					return
				}
				out := &outcome{id: len(frames), log: &finished}
				frame := strings.Repeat(string(rune('a'+len(frames)%26)), size)
				b := o.batchFor(size)
				start := len(b.b)
				b.b = append(b.b, frame...)
				o.frameAdded(b, start, out)
				said.WriteString(frame)
				frames, ends = append(frames, out), append(ends, said.Len())
			},
			"write": func(t *rapid.T) {
				b := o.hold()
				if b == nil {
					return
				}
				n := rapid.IntRange(0, len(b.unwritten())).Draw(t, "n")
				if rapid.Bool().Draw(t, "all") {
					n = len(b.unwritten())
				}
				wrote.Write(b.unwritten()[:n])
				o.remove(n, b.advance(n))
			},
			"drop": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "rarely") > 0 || dropped {
					return
				}
				dropped = true
				o.drop().fail()
				bytes, frames := 0, 0
				if o.held {
					bytes, frames = len(o.head.unwritten()), len(o.head.frames)-o.head.reported
				}
				if o.bytes != bytes || int(o.frames) != frames {
					t.Fatalf("%d bytes in %d frames left, in hand %d in %d", o.bytes, o.frames, bytes, frames)
				}
			},
			"": func(t *rapid.T) {
				if !bytes.HasPrefix(said.Bytes(), wrote.Bytes()) {
					t.Fatal("what was written is not what was queued")
				}
				for i, f := range frames {
					written := ends[i] <= wrote.Len()
					switch {
					case len(f.err) > 1:
						t.Fatalf("frame %d got %d outcomes", i, len(f.err))
					case written && (len(f.err) != 1 || f.err[0] != nil):
						t.Fatalf("frame %d is written and got %v", i, f.err)
					case !written && len(f.err) == 1 && (!dropped || !errors.Is(f.err[0], sessions.ErrClosed)):
						t.Fatalf("frame %d is not written and got %v", i, f.err)
					}
				}
				for i, id := range finished {
					if i != id {
						t.Fatalf("outcomes in the order %v", finished)
					}
				}
			},
		})
		o.drop().fail()
		if o.held {
			o.letGo().fail()
		}
		for i, f := range frames {
			if len(f.err) != 1 {
				t.Fatalf("at the end frame %d got %v", i, f.err)
			}
		}
	})
}

func TestTheWelcomeGoesInFront(t *testing.T) {
	var o outbox
	for i := range 3 {
		if i > 0 {
			b := o.batchFor(1)
			b.b = append(b.b, 'p')
			o.frameAdded(b, len(b.b)-1, nil)
		}
	}
	w := newWriteBatch()
	w.b = append(w.b, "welcome"...)
	o.prepend(w)
	var got []string
	for b := o.hold(); b != nil; b = o.hold() {
		got = append(got, string(b.unwritten()))
		o.remove(len(b.unwritten()), b.advance(len(b.unwritten())))
	}
	if strings.Join(got, " ") != "welcome pp" || o.bytes != 0 || o.frames != 0 {
		t.Fatalf("%q, %d bytes, %d frames left", got, o.bytes, o.frames)
	}
}

func TestLargeBatchesDoNotReturnToThePool(t *testing.T) {
	for range 50 {
		b := newWriteBatch()
		if cap(b.b) > keepBatchBytes || cap(b.frames) > keepBatchFrames || len(b.b)+len(b.frames)+b.off+b.reported > 0 || b.next != nil {
			t.Fatalf("a batch of %d bytes and %d marks came from the pool", cap(b.b), cap(b.frames))
		}
		b.b = append(b.b, make([]byte, keepBatchBytes+1)...)
		b.recycle()
	}
}

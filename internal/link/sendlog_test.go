package link

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// TestTheSendLogKeeps compares a log with a plain list of frames, under random sending, writing,
// acknowledging and rewinding.
func TestTheSendLogKeepsWhatIsNotAcknowledged(t *testing.T) {
	for seed := range seeds(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		var g sendLog
		var sent [][]byte         // numbered frames
		var times []time.Duration // when they were taken last
		var got int               // frames received on all connections
		var stream []byte         // of this connection, not parsed
		var now time.Duration
		busy := false
		parse := func() {
			for {
				f, n, err := splitFrame(stream, 1<<20)
				if err != nil {
					t.Fatal(seed, err)
				}
				if n == 0 {
					return
				}
				stream = stream[n:]
				if f.kind == kindAck {
					if f.count() != 42 && f.count() != 0 {
						t.Fatal(seed, "a wrong ack", f.count())
					}

					continue
				}
				if got >= len(sent) || !bytes.Equal(f.payload, sent[got]) {
					t.Fatalf("seed %d: frame %d is not what was sent", seed, got)
				}
				got++
			}
		}
		for step := range 400 {
			now += time.Duration(r.IntN(2))
			switch r.IntN(7) {
			case 0, 1, 2:
				size := r.IntN(300)
				switch r.IntN(30) {
				case 0:
					size = r.IntN(70 << 10)
				case 1:
					size = r.IntN(600 << 10)
				}
				p := make([]byte, size)
				for i := range p {
					p[i] = byte(r.Uint32())
				}
				g.append(kindPacket, 1, p)
				sent = append(sent, p)
				times = append(times, 0)
			case 3, 4:
				if busy {
					g.done()
				}
				before := g.taken
				piece, acks := g.take(42, r.IntN(2) == 0, now)
				busy = len(piece) > 0
				for i := before; i < g.taken; i++ {
					times[i] = now
				}
				if acks && piece[lengthSize] != kindAck {
					t.Fatal(seed, "no ack")
				}
				stream = append(stream, piece...)
				parse()
			case 5:
				if got > 0 {
					k := min(got, int(g.acked)+r.IntN(got-int(g.acked)+1))
					old := g.acked
					at, ok := g.acknowledge(uint64(k))
					if !ok || k > 0 && uint64(k) > old && at > times[k-1] {
						t.Fatalf("seed %d, step %d: ack of %d: %v, sent at %v", seed, step, k, at, times[k-1])
					}
				}
			case 6:
				if r.IntN(4) == 0 { // a new connection; what was on the way is lost
					stream = nil
					again, ok := g.rewind(uint64(got))
					if !ok || int(again) < 0 || g.acked != uint64(got) {
						t.Fatalf("seed %d, step %d: rewind to %d: %v", seed, step, got, ok)
					}
				}
			}
			total, pending := 0, 0
			for i, s := range g.segs {
				total += len(s.buf)
				switch {
				case i == g.w:
					pending += len(s.buf) - g.off
				case i > g.w:
					pending += len(s.buf)
				}
			}
			if total != g.bytes || pending != g.pending || g.w < 0 || g.off < 0 || len(g.segs) > 0 && g.w >= len(g.segs) {
				t.Fatalf("seed %d, step %d: %d bytes, not %d; %d pending, not %d; at %d:%d of %d", seed, step, g.bytes, total, g.pending, pending, g.w, g.off, len(g.segs))
			}
		}
		for g.pending > 0 {
			piece, _ := g.take(42, true, now)
			stream = append(stream, piece...)
			g.done()
		}
		parse()
		if got != len(sent) {
			t.Fatalf("seed %d: %d of %d frames", seed, got, len(sent))
		}
		g.done()
		if _, ok := g.acknowledge(g.taken + 1); ok {
			t.Fatal("an ack of nothing")
		}
		if _, ok := g.acknowledge(uint64(got)); !ok || got > 0 && g.bytes != 0 {
			t.Fatalf("seed %d: %d bytes left of %d frames", seed, g.bytes, got)
		}
		g.clear()
	}
}

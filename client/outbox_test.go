package client

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/wire"
)

// recorder is a transport that notes what is written.
type recorder struct {
	transport // nil: an outbox only writes

	gate    chan struct{} // if not nil, each write takes one of it first
	fail    error
	mu      sync.Mutex
	batches [][]byte // guarded by mu
	stream  []byte   // guarded by mu
	closed  bool     // guarded by mu
}

func (r *recorder) NonBlocking() bool { return false }

func (r *recorder) TryWrite([]byte) (int, error) { return 0, nil }

func (r *recorder) Write(frames []byte, _ time.Duration) (int, error) {
	if r.gate != nil {
		<-r.gate
	}
	if r.fail != nil {
		return 0, r.fail
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.batches = append(r.batches, bytes.Clone(frames))
	r.stream = append(r.stream, frames...)

	return len(frames), nil
}

func (r *recorder) closeWrite() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// reluctant takes only some of the bytes at once.
type reluctant struct {
	recorder

	takes func(n int) int
}

func (r *reluctant) NonBlocking() bool { return true }

func (r *reluctant) TryWrite(frames []byte) (int, error) {
	n := min(len(frames), r.takes(len(frames)))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stream = append(r.stream, frames[:n]...)

	return n, nil
}

func startOutbox(tr transport) *outbox {
	start := time.Now()
	o := &outbox{}
	o.init(tr, func() time.Duration { return time.Since(start) + 1 })

	return o
}

func request(id uint32) wire.Frame {
	return wire.Frame{Kind: wire.KindRequest, Ver: 2, Cmd: 10, ID: id, Payload: []byte("payload")}
}

func TestFramesThatComeDuringAWriteGoOutTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{gate: make(chan struct{})}
		o, done := startOutbox(r), make(chan struct{})
		go func() { _ = o.run(done) }()
		o.add(request(0), "")
		synctest.Wait() // the first is being written
		for id := range uint32(100) {
			o.add(request(id+1), "")
		}
		close(r.gate)
		synctest.Wait()
		if n := len(r.batches); n != 2 {
			t.Errorf("%d writes for 101 frames", n)
		}
		in := wire.NewReader(bytes.NewReader(r.stream), 100)
		for id := range uint32(101) {
			if f, err := in.Next(); err != nil || f.ID != id {
				t.Fatalf("frame %d is %+v, %v", id, f, err)
			}
		}
		close(done)
	})
}

func TestALoneFrameIsWrittenByItsSenderAtOnce(t *testing.T) {
	r := &reluctant{takes: func(n int) int { return n }}
	o := startOutbox(r) // its run is not started
	for id := range uint32(10) {
		if room, ok := o.add(request(id), ""); room != nil || !ok {
			t.Fatalf("room %v, %v", room, ok)
		}
	}
	if want := 10 * len(wire.AppendFrame(nil, request(0))); len(r.stream) != want {
		t.Errorf("%d bytes are written, want %d", len(r.stream), want)
	}
	if n := testing.AllocsPerRun(100, func() {
		r.stream = r.stream[:0]
		o.add(wire.Frame{Kind: wire.KindRequest}, "bob")
	}); n != 0 {
		t.Errorf("a frame allocates %v times", n)
	}
}

func TestNoFrameIsLostTornOrOvertaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		takes := rapid.SliceOfN(rapid.IntRange(0, 60), 1, 20).Draw(t, "takes")
		senders := rapid.IntRange(1, 5).Draw(t, "senders")
		frames := rapid.IntRange(0, 30).Draw(t, "frames")
		var mu sync.Mutex
		i := 0
		r := &reluctant{takes: func(int) int {
			mu.Lock()
			defer mu.Unlock()
			i++

			return takes[i%len(takes)]
		}}
		o := startOutbox(r)
		ran := make(chan error, 1)
		go func() { ran <- o.run(nil) }()
		var all sync.WaitGroup
		for s := range senders {
			all.Go(func() {
				for id := range frames {
					o.add(wire.Frame{Kind: wire.KindRequest, Cmd: uint16(s), ID: uint32(id)}, "peer")
				}
			})
		}
		all.Wait()
		o.finish(wire.Frame{Kind: wire.KindGoodbye})
		if err := <-ran; err != nil || !r.closed {
			t.Fatalf("error %v, closed %v", err, r.closed)
		}
		if _, ok := o.add(request(1), ""); ok {
			t.Fatal("a frame was let in behind the last")
		}
		next := make([]uint32, senders)
		in := wire.NewReader(bytes.NewReader(r.stream), 100)
		for range senders * frames {
			f, err := in.Next()
			if err != nil || f.ID != next[f.Cmd] || string(f.Payload) != "\x04peer" {
				t.Fatalf("got %+v, %v, want %d", f, err, next)
			}
			next[f.Cmd]++
		}
		if f, err := in.Next(); err != nil || f.Kind != wire.KindGoodbye {
			t.Fatalf("the last frame is %+v, %v", f, err)
		}
	})
}

func TestAFullOutboxSaysWhenThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{gate: make(chan struct{})}
		o, done := startOutbox(r), make(chan struct{})
		go func() { _ = o.run(done) }()
		large := wire.Frame{Kind: wire.KindRequest, Payload: make([]byte, outboxLimit/4)}
		o.add(large, "")
		synctest.Wait() // taken
		var room <-chan struct{}
		added := 0
		for ; room == nil; added++ {
			room, _ = o.add(large, "")
		}
		if added != 5 {
			t.Errorf("full after %d frames", added)
		}
		select {
		case <-room:
			t.Error("there is room at once")
		default:
		}
		r.gate <- struct{}{}
		<-room
		if again, ok := o.add(large, ""); again != nil || !ok {
			t.Error("there was none")
		}
		close(r.gate)
		synctest.Wait()
		close(done)
	})
}

func TestFinishWakesThoseWhoWaitForRoom(t *testing.T) {
	o := startOutbox(&recorder{})
	o.add(request(0), "") // in the writer's hand
	o.add(wire.Frame{Payload: make([]byte, outboxLimit)}, "")
	room, _ := o.add(request(1), "")
	o.finish(wire.Frame{Kind: wire.KindGoodbye})
	o.finish(wire.Frame{Kind: wire.KindGoodbye, Cmd: 1}) // the first counts
	<-room
	if _, ok := o.add(request(1), ""); ok {
		t.Error("let in")
	}
}

// The last frame may come while a sender writes, who then writes it too.
func TestALastFrameThatASenderWritesEndsTheOutbox(t *testing.T) {
	var o *outbox
	r := &reluctant{}
	r.takes = func(n int) int {
		o.finish(wire.Frame{Kind: wire.KindGoodbye})

		return n
	}
	o = startOutbox(r)
	o.add(request(1), "")
	if err := o.run(nil); err != nil || !r.closed || len(r.batches) > 0 {
		t.Errorf("%v, closed: %v, batches of run: %d", err, r.closed, len(r.batches))
	}
}

func TestAWriteThatFailsEndsTheOutbox(t *testing.T) {
	broken := errors.New("broken pipe")
	o := startOutbox(&recorder{fail: broken})
	o.add(request(1), "")
	if err := o.run(nil); !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
	<-o.flushed
}

func TestAPeerAndAMessageMakeOneFrame(t *testing.T) {
	f := request(7)
	got := appendRequest([]byte("before"), f, "bob")
	f.Payload = append(wire.AppendPeer(nil, "bob"), f.Payload...)
	if want := wire.AppendFrame([]byte("before"), f); !bytes.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	if n := binary.BigEndian.Uint32(got[6:]); int(n) != len(got)-6-4 {
		t.Errorf("length is %d", n)
	}
}

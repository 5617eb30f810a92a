package link

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"testing"
	"time"
)

func TestWhatIsSentArrivesInOrderOnceTheHoldIsReleased(t *testing.T) {
	for _, secured := range []bool{false, true} {
		t.Run(fmt.Sprintf("TLS %v", secured), func(t *testing.T) {
			a, b := pair(t, Options{TLS: secured})
			if a.ID() != b.ID() || a.ID() == 0 || a.Peer() != nodeB || b.Peer() != nodeA || a.Secured() != secured || b.Secured() != secured {
				t.Fatalf("%+v, %+v", a, b)
			}
			ra, rb := &recorder{}, &recorder{}
			run(t, a, ra)
			run(t, b, rb)
			for i := range 3 {
				if err := a.Send(7, uint64(i), fmt.Append(nil, "held ", i)); err != nil {
					t.Fatal(err)
				}
			}
			_ = a.Beat(9)
			_ = a.Control([]byte("first"))
			_ = a.Open()
			await(t, "what passes the hold", func() bool { return rb.has("beat 9", "control first", "open") })
			if !a.Held() {
				t.Error("not held")
			}
			a.Release()
			_ = a.Send(255, 4, nil)
			_ = a.Goodbye(5)
			if err := a.Send(1, 6, nil); !errors.Is(err, ErrClosed) {
				t.Errorf("behind a goodbye: %v", err)
			}
			await(t, "all", func() bool {
				return rb.has("beat 9", "control first", "open", "packet 7 0 held 0", "packet 7 1 held 1", "packet 7 2 held 2", "packet 255 4 ", "goodbye 5")
			})
			await(t, "both ends are over", func() bool {
				overA, _ := ra.over()
				overB, why := rb.over()

				return overA && overB && errors.Is(why, ErrGoodbye)
			})
		})
	}
}

func TestPacketsOfManySendersArriveInEachOnesOrder(t *testing.T) {
	for _, secured := range []bool{false, true} {
		const senders, packets = 8, 5000
		cork := new(Cork)
		a, b := pair(t, Options{TLS: secured, Cork: cork})
		var got [senders]int
		var total int
		var mu sync.Mutex
		run(t, a, &recorder{})
		run(t, b, &recorder{on: func(p []byte) {
			mu.Lock()
			defer mu.Unlock()
			n, err := strconv.Atoi(string(p[1:]))
			if s := p[0]; err != nil || got[s] != n {
				t.Errorf("sender %d: %d, want %d", s, n, got[s])
			} else {
				got[s]++
			}
			total++
		}})
		a.Release()
		var wg sync.WaitGroup
		for s := range senders {
			wg.Go(func() {
				for i := range packets {
					if i%3 == 0 {
						cork.Begin()
					}
					send := a.Send
					if (s+i)%3 == 0 {
						send = a.SendLater
					}
					if err := send(1, 0, strconv.AppendInt([]byte{byte(s)}, int64(i), 10)); err != nil {
						t.Error(err)
					}
					if i%3 == 2 || i%3 == 0 && i == packets-1 {
						cork.End()
					}
				}
			})
		}
		wg.Wait()
		cork.Begin()
		cork.End()
		await(t, "all packets", func() bool {
			mu.Lock()
			defer mu.Unlock()

			return total == senders*packets
		})
	}
}

func TestWhatIsHeldWhenALinkEndsCanBeTakenBack(t *testing.T) {
	a, _ := pair(t, Options{})
	for i := range 3 {
		_ = a.Send(3, 0, fmt.Append(nil, i))
	}
	a.TakeHeld(func(uint8, []byte) { t.Error("taken from a link that stands") })
	a.Close(io.ErrUnexpectedEOF)
	var got string
	a.TakeHeld(func(port uint8, p []byte) { got += fmt.Sprintf("%d:%s ", port, p) })
	if got != "3:0 3:1 3:2 " {
		t.Errorf("%q", got)
	}
	a.TakeHeld(func(uint8, []byte) { t.Error("taken twice") })
	if err := a.Send(1, 0, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
	if err := a.Run(&recorder{}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("it ended with %v", err)
	}
}

func TestAFloodIsBoundedAndComesThroughAsSoonAsTheOtherSideReads(t *testing.T) {
	const bound, size = 1 << 20, 1000
	a, b := pair(t, Options{QueueBytes: bound})
	run(t, a, &recorder{})
	a.Release()
	sent := 0
	for ; ; sent++ {
		err := a.Send(1, 0, make([]byte, size))
		if errors.Is(err, ErrOverloaded) {
			break
		}
		if err != nil || sent > 1<<20 {
			t.Fatal(sent, err)
		}
	}
	a.mu.Lock()
	waiting := len(a.queue) + int(a.inHand.Load())
	a.mu.Unlock()
	if waiting > bound+size {
		t.Errorf("%d bytes wait", waiting)
	}
	if err := a.Beat(1); err != nil {
		t.Errorf("no room for a beat: %v", err)
	}
	var got int
	var mu sync.Mutex
	run(t, b, &recorder{on: func([]byte) { mu.Lock(); got++; mu.Unlock() }})
	await(t, "the flood", func() bool { mu.Lock(); defer mu.Unlock(); return got == sent })
	if err := a.Send(1, 0, nil); err != nil {
		t.Errorf("after the flood: %v", err)
	}
	await(t, "small buffers", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()

		return cap(a.queue) <= keepBytes && cap(a.spare) <= keepBytes && a.inHand.Load() == 0
	})
}

func TestAnswersToABatchAreWrittenAtItsEnd(t *testing.T) {
	a, b := pair(t, Options{})
	a.Release()
	b.Release()
	const packets = 10
	answers := 0
	rb := &recorder{on: func(p []byte) {
		_ = b.Send(1, 0, p)
		answers++
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.writing || !b.corked || len(b.queue) == 0 {
			t.Error("an answer was written within the batch")
		}
	}}
	ra := &recorder{}
	for i := range packets { // before anybody reads
		_ = a.Send(1, 0, fmt.Append(nil, i))
	}
	run(t, a, ra)
	run(t, b, rb)
	await(t, "the answers", func() bool {
		ra.mu.Lock()
		defer ra.mu.Unlock()

		return len(ra.events) == packets
	})
}

func TestWhatNobodyWaitsForGoesWithTheNextPacketOrAfterAMoment(t *testing.T) {
	a, b := pair(t, Options{})
	a.Release()
	ra, rb := &recorder{}, &recorder{}
	run(t, a, ra)
	run(t, b, rb)
	_ = a.SendLater(1, 0, []byte("alone"))
	await(t, "one that nothing takes along", func() bool { return rb.has("packet 1 0 alone") })

	a.mu.Lock()
	a.late, a.armed = time.AfterFunc(time.Hour, a.writeLate), true // a moment that does not end
	a.drains.Add(1)
	a.mu.Unlock()
	_ = a.SendLater(1, 0, []byte("one"))
	_ = a.SendLater(1, 0, []byte("two"))
	a.mu.Lock()
	if len(a.queue) == 0 {
		t.Error("it was written at once")
	}
	a.mu.Unlock()
	_ = a.Send(1, 0, []byte("three"))
	await(t, "all, in order", func() bool {
		return rb.has("packet 1 0 alone", "packet 1 0 one", "packet 1 0 two", "packet 1 0 three")
	})
}

func TestWhatIsSentBetweenBeginAndEndIsWrittenAtTheEnd(t *testing.T) {
	cork := new(Cork)
	a, b := pair(t, Options{Cork: cork})
	a.Release()
	rb := &recorder{}
	run(t, a, &recorder{})
	run(t, b, rb)
	waits := func() int {
		a.mu.Lock()
		defer a.mu.Unlock()

		return len(a.queue)
	}
	cork.Begin()
	cork.Begin() // somebody else
	_ = a.Send(1, 0, []byte("one"))
	_ = a.Send(1, 0, []byte("two"))
	if waits() == 0 {
		t.Error("written before the end")
	}
	cork.End()
	if waits() > 0 {
		t.Error("not written at the end")
	}
	_ = a.Send(1, 0, []byte("three"))
	if waits() == 0 {
		t.Error("written before the other's end")
	}
	cork.End()
	_ = a.Send(1, 0, []byte("four"))
	if waits() > 0 {
		t.Error("not written though nobody is between Begin and End")
	}
	await(t, "all, in order", func() bool {
		return rb.has("packet 1 0 one", "packet 1 0 two", "packet 1 0 three", "packet 1 0 four")
	})
	cork.Begin()
	long := make([]byte, corkBytes)
	_ = a.Send(2, 0, long)
	await(t, "much, at once", func() bool { return waits() == 0 })
	cork.End()
}

func TestALinkThatEndsWhileItIsCorkedIsForgotten(t *testing.T) {
	cork := new(Cork)
	a, b := pair(t, Options{Cork: cork})
	a.Release()
	run(t, a, &recorder{})
	run(t, b, &recorder{})
	cork.Begin()
	_ = a.Send(1, 0, []byte("one"))
	a.Close(ErrClosed)
	cork.End()
}

func TestALinkThatEndsForgetsWhatNobodyWaitedFor(t *testing.T) {
	for range 20 { // before and after it is time
		a, b := pair(t, Options{})
		a.Release()
		ra := &recorder{}
		run(t, a, ra)
		run(t, b, &recorder{})
		_ = a.SendLater(1, 0, []byte("late"))
		a.Close(ErrClosed)
		await(t, "the end", func() bool { over, _ := ra.over(); return over })
		if err := a.SendLater(1, 0, []byte("too late")); !errors.Is(err, ErrClosed) || a.armed {
			t.Errorf("%v, armed %v", err, a.armed)
		}
	}
}

func TestLongPacketsPassAndTheirBuffersDoNotStay(t *testing.T) {
	const long = 2 << 20
	a, b := pair(t, Options{MaxPacket: long})
	var got int
	var mu sync.Mutex
	run(t, a, &recorder{})
	run(t, b, &recorder{on: func(p []byte) { mu.Lock(); got += len(p); mu.Unlock() }})
	a.Release()
	for range 3 {
		if err := a.Send(1, 0, make([]byte, long)); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "all", func() bool { mu.Lock(); defer mu.Unlock(); return got == 3*long })
}

func TestSendingAndReceivingDoNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates: make exact")
	}
	a, b := pair(t, Options{})
	back := make(chan struct{}, 1)
	b.Release()
	a.Release()
	run(t, b, &recorder{on: func(p []byte) { _ = b.Send(1, 2, p) }})
	run(t, a, &recorder{on: func([]byte) { back <- struct{}{} }})
	packet := make([]byte, 64)
	trip := func() {
		_ = a.Send(1, 2, packet)
		<-back
	}
	for range 100 {
		trip()
	}
	if n := testing.AllocsPerRun(2000, trip); n != 0 {
		t.Errorf("%v allocations a round trip", n)
	}
}

package client

import (
	"errors"
	"math"
	"testing"

	"github.com/parley-dm/parley/wire"
)

func TestIDsSkipZeroAndThoseInUse(t *testing.T) {
	c := &pendingRequests{}
	for range 3 {
		if _, _, ok := c.open(); !ok {
			t.Fatal("closed")
		}
	}
	c.drop(2)
	c.lastID = math.MaxUint32 - 2
	var got []uint32
	for range 4 {
		id, _, _ := c.open()
		got = append(got, id)
	}
	want := []uint32{math.MaxUint32 - 1, math.MaxUint32, 2, 4} // 0 is none, 1 and 3 are in use
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("ids are %d, want %d", got, want)
		}
	}
}

func TestALostConnectionEndsItsCallsAndLetsNoneIn(t *testing.T) {
	c, lost := &pendingRequests{}, errors.New("lost")
	_, a, _ := c.open()
	_, b, _ := c.open()
	c.fail(lost)
	c.fail(errors.New("again"))
	if ra, rb := <-a, <-b; !errors.Is(ra.err, lost) || !errors.Is(rb.err, lost) {
		t.Errorf("%v, %v", ra.err, rb.err)
	}
	if _, _, ok := c.open(); ok {
		t.Error("let in")
	}
	if err := c.answer(wire.Frame{ID: 1, Payload: []byte{1}}); err != nil {
		t.Errorf("a late response: %v", err)
	}
}

func TestSomeTellsWhenARequestComes(t *testing.T) {
	c := &pendingRequests{}
	some, opened := c.some()
	if some {
		t.Fatal("there is none")
	}
	c.open()
	<-opened
	if some, _ := c.some(); !some {
		t.Error("there is one")
	}
}

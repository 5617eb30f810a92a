package quota_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/internal/quota"
)

func TestSmallQueuesAreNeitherCountedNorRefused(t *testing.T) {
	p := quota.New(1)
	var s quota.Share
	for held := 0; held <= quota.Step; held += 512 {
		if !p.Allows(held) {
			t.Fatalf("%d bytes were refused", held)
		}
		p.Settle(&s, held)
		if p.Used() != 0 {
			t.Fatalf("%d bytes count as %d", held, p.Used())
		}
	}
	if p.Allows(quota.Step + 1) {
		t.Error("a larger queue was allowed in an exhausted pool")
	}
}

func TestTheLargestHoldersAreRefusedFirst(t *testing.T) {
	p := quota.New(64 << 20)
	shares := make([]quota.Share, 100)
	held := make([]int, len(shares))
	for grown := true; grown; {
		grown = false
		for i := range shares {
			if p.Allows(held[i] + quota.Step) {
				held[i] += quota.Step
				p.Settle(&shares[i], held[i])
				grown = true
			}
		}
	}
	if p.Used() > p.Limit() || p.Used() < p.Limit()*3/4 {
		t.Errorf("%d of %d bytes are used", p.Used(), p.Limit())
	}
	if p.Allows(held[0] + quota.Step) {
		t.Error("the largest holders may grow")
	}
	if !p.Allows(quota.Step * 4) {
		t.Error("a new queue finds no room")
	}
	for i := range shares {
		p.Settle(&shares[i], 0)
	}
	if p.Used() != 0 {
		t.Errorf("%d bytes are left behind", p.Used())
	}
}

func TestAPoolWithoutALimitAllowsAll(t *testing.T) {
	var s quota.Share
	for _, p := range []*quota.Pool{nil, {}, quota.New(0), quota.New(-1)} {
		p.Settle(&s, 1<<30)
		if !p.Allows(1 << 40) {
			t.Error("it refuses")
		}
	}
}

func TestWhatIsCountedFollowsWhatIsHeld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := quota.New(1 << 30)
		var a, b quota.Share
		sum := 0
		for range 20 {
			x, y := rapid.IntRange(0, 1<<20).Draw(t, "x"), rapid.IntRange(0, 1<<20).Draw(t, "y")
			p.Settle(&a, x)
			p.Settle(&b, y)
			sum = x + y
		}
		if diff := int64(sum) - p.Used(); diff < 0 || diff > 2*quota.Step {
			t.Fatalf("%d bytes are held and %d counted", sum, p.Used())
		}
	})
}

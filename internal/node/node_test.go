package node_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/node"
)

func TestANodeIDIsNewWithEachLife(t *testing.T) {
	a, b := node.New("n1"), node.New("n1")
	if a == b || a.IsZero() || a.Compare(b) != -b.Compare(a) {
		t.Errorf("%v, %v", a, b)
	}
	if got := (node.ID{Name: "n1", Incarnation: 0xab}).String(); got != "n1#00000000000000ab" {
		t.Error(got)
	}
}

func TestASIDIsItsHexDigitsOrAHash(t *testing.T) {
	const digits = "000102030405060708090a0b0c0d0e0f"
	if sid := node.ParseSID(digits); sid.String() != digits || sid.IsZero() {
		t.Error(sid)
	}
	if a, b := node.ParseSID("system"), node.ParseSID("system"); a != b || a != node.HashSID("system") {
		t.Error(a, b)
	}
	if a, b := node.ParseSID("zz"+digits[2:]), node.HashSID("zz"+digits[2:]); a != b {
		t.Error(a, b)
	}
}

func TestAClockOnlyGrowsAndIsNotPushedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c node.Clock
		first := c.Now()
		if first.Time() != time.Now() {
			t.Error(first.Time())
		}
		if second := c.Now(); second <= first {
			t.Error(second)
		}
		ahead := node.StampOf(time.Now().Add(node.MaxAhead / 2))
		c.Observe(ahead)
		if now := c.Now(); now <= ahead {
			t.Error("an observed stamp is not passed")
		}
		before := c.Now()
		c.Observe(math.MaxUint64)
		c.Observe(node.StampOf(time.Now().Add(2 * node.MaxAhead)))
		if now := c.Now(); now != before+1 {
			t.Errorf("%d after %d", now, before)
		}
	})
}

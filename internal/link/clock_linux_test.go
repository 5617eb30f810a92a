package link

import (
	"testing"
	"time"
)

func TestAClockThatWasSetIsNoSleep(t *testing.T) {
	c := newMachineClock()
	before := c.now()
	c.ahead.Store(-int64(time.Hour)) // as if the wall clock had been set forward by an hour
	if after := c.now(); after < before || after > before+time.Minute {
		t.Errorf("%v after %v", after, before)
	}
}

func TestSleepCounts(t *testing.T) {
	c := newMachineClock()
	c.boot -= time.Hour // as if the machine had slept for an hour
	c.ahead.Store(-int64(time.Hour))
	if after := c.now(); after < time.Hour || after > time.Hour+time.Minute {
		t.Error(after)
	}
}

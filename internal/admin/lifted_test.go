package admin

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestALiftedBanIsNotBroughtBackByANodeThatPassesItOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Bans
		set := func(ban Ban) {
			if err := b.Set(ban); err != nil {
				t.Fatal(err)
			}
		}
		set(Ban{User: "bob", For: time.Hour})
		told := b.PassOn()
		set(Ban{User: "bob"})
		set(told[0])
		var third Bans // has the ban from a node that passed it on before
		for _, ban := range append(told, b.PassOn()...) {
			if err := third.Set(ban); err != nil {
				t.Fatal(err)
			}
		}
		if _, banned := third.Until("bob"); banned {
			t.Error("a node that has just entered does not hear of the lift")
		}
		if _, banned := b.Until("bob"); banned {
			t.Error("an older word brought the ban back")
		}
		set(Ban{User: "bob", For: time.Hour})
		if _, banned := b.Until("bob"); !banned {
			t.Error("an operator's newer ban does not count")
		}
		set(Ban{User: "bob"})
		time.Sleep(liftedFor)
		set(told[0])
		if _, banned := b.Until("bob"); !banned {
			t.Error("a lifted ban is remembered for too long")
		}
	})
}

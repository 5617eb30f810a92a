package linger_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/linger"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/user"
)

var sid = node.SID{1}

func TestNoneLingersBeforeTheStopAndAfterIt(t *testing.T) {
	var users linger.Users
	never := func() { t.Error("it was waited for") }
	if users.Add(sid, &user.User{}, never) {
		t.Error("a user lingers before Begin")
	}
	users.Begin(time.Minute)
	if rest := users.Wait(t.Context()); len(rest) != 0 {
		t.Errorf("%v linger", rest)
	}
	if users.Add(sid, &user.User{}, never) {
		t.Error("a user lingers after Wait")
	}
}

func TestTheWaitEndsWhenTheLastUserIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var users linger.Users
		users.Begin(time.Minute)
		if !users.Add(sid, &user.User{}, func() { t.Error("it was waited for in vain") }) {
			t.Fatal("no user lingers")
		}
		begun := time.Now()
		time.AfterFunc(10*time.Second, func() {
			users.Remove(node.SID{2}, func() { t.Error("none lingers under that SID") })
			users.Remove(sid, func() { time.Sleep(time.Second) })
			users.Remove(sid, func() { t.Error("it is removed twice") })
		})
		if rest := users.Wait(t.Context()); len(rest) != 0 {
			t.Errorf("%v linger", rest)
		}
		if took := time.Since(begun); took != 11*time.Second {
			t.Errorf("it took %v, want the time of the return and of what followed it", took)
		}
	})
}

func TestTheWaitEndsWhenNothingIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var users linger.Users
		users.Begin(time.Minute)
		begun := time.Now()
		first, second := users.Hold(), users.Hold()
		time.AfterFunc(time.Second, func() {
			first()
			first() // counts once
		})
		time.AfterFunc(3*time.Second, second)
		if rest := users.Wait(t.Context()); len(rest) != 0 || time.Since(begun) != 3*time.Second {
			t.Errorf("%v linger, after %v", rest, time.Since(begun))
		}
		users.Hold()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		users.Wait(ctx)
		if time.Since(begun) != 4*time.Second {
			t.Errorf("it takes longer than its context: %v", time.Since(begun))
		}
	})
}

func TestAUserIsWaitedForNoLongerThanTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var users linger.Users
		users.Begin(time.Minute)
		begun, over := time.Now(), time.Duration(0)
		users.Add(sid, &user.User{}, func() {
			over = time.Since(begun)
			users.Remove(sid, func() {})
		})
		users.Wait(t.Context())
		if over != time.Minute {
			t.Errorf("its time was up after %v", over)
		}
	})
}

func TestUsersWhoLingerWhenTheTimeIsUpAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var users linger.Users
		users.Begin(time.Minute)
		alice := &user.User{ID: "alice"}
		users.Add(sid, alice, func() { t.Error("its own time was up") })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if rest := users.Wait(ctx); len(rest) != 1 || rest[sid] != alice {
			t.Errorf("%v linger", rest)
		}
		users.Remove(sid, func() {})
	})
}

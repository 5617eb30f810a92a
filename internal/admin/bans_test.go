package admin

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestBansAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := Bans{limit: 2}
		for user, d := range map[string]time.Duration{"a": time.Minute, "b": time.Hour} {
			if err := b.Set(Ban{User: user, For: d}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Set(Ban{User: "c", For: time.Hour}); !errors.Is(err, ErrTooManyBans) {
			t.Error(err)
		}
		if err := b.Set(Ban{User: "b", For: time.Minute}); err != nil { // one that is known changes
			t.Error(err)
		}
		time.Sleep(time.Minute) // those that are over make room
		for _, user := range []string{"a", "b"} {
			if _, banned := b.Until(user); banned {
				t.Errorf("%s is still banned", user)
			}
		}
		if err := b.Set(Ban{User: "c", For: time.Hour}); err != nil {
			t.Error(err)
		}
		if list := b.List(); len(list) != 1 || list[0] != (Ban{User: "c", For: time.Hour}) {
			t.Errorf("%v", list)
		}
	})
}

package user_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

func TestARegistryFindsWhoIsHereAndTellsOfComingAndGoingOnce(t *testing.T) {
	r := user.NewRegistry()
	var log []string
	r.OnNew(func(u *user.User) { log = append(log, "new "+u.SID) })
	r.OnNew(nil)
	r.OnNew(func(*user.User) { panic("a bug in the application") })
	r.OnNew(func(u *user.User) { log = append(log, "again "+u.SID) })
	r.OnClosed(func(u *user.User, why user.Reason) { log = append(log, fmt.Sprintf("%s gone: %s", u.SID, why)) })
	older, newer := sessions.New(r, "alice", "01", &conn{}), sessions.New(r, "alice", "02", &conn{})
	if r.ByUID("alice") != nil || r.Count() != 0 {
		t.Error("found before it was added")
	}
	sessions.Add(r, older)
	if r.ByUID("alice") != older || r.BySID("01") != older || r.Count() != 1 {
		t.Error("not found")
	}
	if sessions.Add(r, older) {
		t.Error("added twice")
	}
	if !sessions.Remove(r, older) || sessions.Remove(r, older) || !older.Closed() {
		t.Error("not removed once")
	}
	sessions.Add(r, newer)
	sessions.Discard(r, older, user.Replaced) // the newer one stays
	sessions.Discard(r, older, user.Left)
	if r.ByUID("alice") != newer || r.BySID("01") != nil || r.Count() != 1 {
		t.Error("the newer session is gone")
	}
	sessions.Discard(r, newer, user.Left)
	never := sessions.New(r, "bob", "03", &conn{})
	sessions.Discard(r, never, user.Left)
	if sessions.Add(r, never) || r.ByUID("bob") != nil || r.Count() != 0 {
		t.Error("added after it was discarded")
	}
	if got := strings.Join(log, ","); got != "new 01,again 01,new 02,again 02,01 gone: replaced,02 gone: left" {
		t.Errorf("callbacks: %s", got)
	}
}

func TestHoweverSessionsComeAndGoTheRegistryAgreesWithWhoIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := user.NewRegistry()
		var all []*user.User
		here := map[string]*user.User{}
		t.Repeat(map[string]func(*rapid.T){
			"login": func(t *rapid.T) {
				id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id")
				if old := here[id]; old != nil {
					sessions.Remove(r, old)
				}
				u := sessions.New(r, id, user.NewSID(), &conn{})
				all = append(all, u)
				sessions.Add(r, u)
				here[id] = u
			},
			"discard": func(t *rapid.T) {
				if len(all) == 0 {
					t.Skip("nobody")
				}
				u := rapid.SampledFrom(all).Draw(t, "user")
				sessions.Discard(r, u, user.Left)
				if here[u.ID] == u {
					delete(here, u.ID)
				}
			},
			"": func(t *rapid.T) {
				if r.Count() != len(here) {
					t.Fatalf("%d users, want %d", r.Count(), len(here))
				}
				for _, id := range []string{"a", "b", "c"} {
					if r.ByUID(id) != here[id] {
						t.Fatalf("%s is another", id)
					}
				}
			},
		})
	})
}

func TestUsersComeAndGoOnManyGoroutines(t *testing.T) {
	r := user.NewRegistry()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				u := sessions.New(r, fmt.Sprint(j%10), fmt.Sprint(i, j), &conn{})
				var both sync.WaitGroup
				both.Go(func() { sessions.Add(r, u) })
				both.Go(func() { sessions.Discard(r, u, user.Left) })
				both.Wait()
				sessions.Discard(r, u, user.Left)
			}
		})
	}
	wg.Wait()
	left := 0
	r.Range(func(*user.User) bool {
		left++

		return true
	})
	if r.Count() != 0 || left != 0 {
		t.Errorf("count %d, left %d", r.Count(), left)
	}
}

func TestTheDefaultRegistryIsThatOfThePackageFunctions(t *testing.T) {
	u := sessions.New(user.Default, "default-alice", "0a", &conn{})
	var log []string
	user.OnNew(func(u *user.User) { log = append(log, "new "+u.ID) })
	user.OnClosed(func(u *user.User, why user.Reason) { log = append(log, fmt.Sprintf("%s closed: %s", u.ID, why)) })
	user.OnDiscard(func(sid string, u *user.User) { log = append(log, "gone "+u.ID+" "+sid) })
	user.OnDiscard(nil)
	sessions.Add(user.Default, u)
	if user.GetUserByUID("default-alice") != u || user.GetUserBySID("0a") != u || user.GetCCU() != 1 ||
		user.GetUserByID("0a") != u || !user.ExistsByID("0a") || user.ExistsByID("0b") {
		t.Error("not found")
	}
	if ids := user.GetAllUserIDs(); len(ids) != 1 || ids[0] != "0a" {
		t.Errorf("all are %q", ids)
	}
	sessions.Discard(user.Default, u, user.Left)
	if got := strings.Join(log, ","); got != "new default-alice,default-alice closed: left,gone default-alice 0a" {
		t.Errorf("callbacks: %s", got)
	}
}

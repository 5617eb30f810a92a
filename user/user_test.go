package user_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/parley-dm/parley/user"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// conn writes down what it is given.
type conn struct{ said []string }

func (c *conn) Push(ver uint8, cmd uint16, message []byte, reliable bool, done user.Done) error {
	c.said = append(c.said, fmt.Sprintf("push %d %d %s %t", ver, cmd, message, reliable))
	if done != nil {
		done.Pushed(nil)
	}

	return nil
}

func (c *conn) Respond(id uint32, ver uint8, cmd uint16, status uint8, message []byte, _ bool) error {
	c.said = append(c.said, fmt.Sprintf("re %d: %d %d %d %s", id, ver, cmd, status, message))

	return nil
}

func (c *conn) Close(code uint16, text string) {
	c.said = append(c.said, fmt.Sprintf("close %d %s", code, text))
}
func (c *conn) Addr() string      { return "127.0.0.1:1" }
func (c *conn) Transport() string { return "ws" }

func (c *conn) wants(t *testing.T, want ...string) {
	t.Helper()
	if strings.Join(c.said, "\n") != strings.Join(want, "\n") {
		t.Errorf("the connection was given %q, want %q", c.said, want)
	}
	c.said = nil
}

func TestAUserIDHasOneTo128BytesOfUTF8WithoutControlCharacters(t *testing.T) {
	for _, id := range []string{"a", "alice", "a b.c*d>", "Åsa", "李", strings.Repeat("x", 128), "\u202e"} {
		if err := user.CheckID(id); err != nil {
			t.Errorf("%q: %v", id, err)
		}
	}
	for id, why := range map[string]string{
		"":                       "empty",
		strings.Repeat("x", 129): "129 bytes",
		"a\xff":                  "not UTF-8",
		"a\nb":                   "U+000A at byte 1",
		"\x00":                   "U+0000 at byte 0",
		"ab\u0085":               "U+0085 at byte 2",
		"\x7f":                   "U+007F",
	} {
		if err := user.CheckID(id); !errors.Is(err, user.ErrBadID) || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %v, want ErrBadID with %q", id, err, why)
		}
	}
}

func TestSIDsAre32HexDigitsAndDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		sid := user.NewSID()
		if len(sid) != 32 || strings.Trim(sid, "0123456789abcdef") != "" || seen[sid] {
			t.Errorf("SID %q", sid)
		}
		seen[sid] = true
	}
}

func TestServerRespondAnswersTheOldestUnansweredRequestOfItsVerAndCmd(t *testing.T) {
	c := &conn{}
	r := user.NewRegistry()
	u := r.New("alice", "01", c)
	r.Add(u)
	u.Expect(1, 2, 10)
	u.Expect(2, 2, 10)
	u.Expect(3, 2, 11)
	u.Expect(0, 2, 11) // wants no response
	u.Expect(4, 2, 11)
	for range 3 {
		u.ServerRespond([]byte("ten"), 2, 10, 1, true)
		u.ServerRespond([]byte("eleven"), 2, 11, 1, true)
	}
	u.ServerRespond([]byte("none"), 2, 12, 1, true)
	c.wants(t, "re 1: 2 10 1 ten", "re 3: 2 11 1 eleven", "re 2: 2 10 1 ten", "re 4: 2 11 1 eleven")
	if u.Settle(4, 2, 11) {
		t.Error("an answered request was still to be settled")
	}
}

func TestOnlyTheLatest256UnansweredRequestsAreRemembered(t *testing.T) {
	c := &conn{}
	u := user.NewRegistry().New("alice", "01", c)
	for id := range uint32(300) {
		u.Expect(id+1, 2, 10)
	}
	u.ServerRespond(nil, 2, 10, 1, true)
	c.wants(t, "re 45: 2 10 1 ")
}

func TestABlankUserHasNoClient(t *testing.T) {
	u := user.CreateBlankUser("", "system")
	if len(u.SID) != 32 || u.ID != "system" || !u.IsBlank() || u.GetClientAddr() != "" || u.GetClientTransport() != "" {
		t.Errorf("%+v", u)
	}
	u.ServerPush(2, 1, []byte("x"), true)
	u.ServerRespond(nil, 2, 1, 1, true)
	u.Disconnect()
	if err := u.Push(2, 1, []byte("x"), true, nil); !errors.Is(err, user.ErrGone) {
		t.Errorf("push: %v", err)
	}
	if v := user.CreateBlankUser("05", "x"); v.SID != "05" {
		t.Errorf("SID %q", v.SID)
	}
}

func TestWhatIsPushedReachesTheConnectionUntilTheSessionIsOver(t *testing.T) {
	c := &conn{}
	r := user.NewRegistry()
	u := r.New("alice", "01", c)
	r.Add(u)
	u.ServerPush(2, 1, []byte("one"), true)
	u.ServerPush(2, 1, []byte("two"), false)
	u.Disconnect()
	r.Discard(u)
	u.ServerPush(2, 1, []byte("three"), true)
	u.Answer(1, 2, 1, 1, nil, true)
	c.wants(t, "push 2 1 one true", "push 2 1 two false", "close 2005 removed by the server")
	if u.GetClientAddr() != "127.0.0.1:1" || u.GetClientTransport() != "ws" {
		t.Error(u.GetClientAddr(), u.GetClientTransport())
	}
}

func TestDataIsKeptWithTheSession(t *testing.T) {
	u := user.CreateBlankUser("", "alice")
	if u.Get("level") != nil {
		t.Error("something was there")
	}
	u.Set("level", 1)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			u.Update("level", func(v any, exists bool) any {
				n, _ := v.(int)

				return map[bool]int{true: n + 1}[exists]
			})
		})
	}
	wg.Wait()
	if u.Get("level") != 101 {
		t.Errorf("level %v", u.Get("level"))
	}
	u.Delete("level")
	u.Update("level", func(v any, exists bool) any {
		if v != nil || exists {
			t.Error("it was still there")
		}

		return "new"
	})
	if u.Get("level") != "new" {
		t.Errorf("level %v", u.Get("level"))
	}
}

func TestARegistryFindsWhoIsHereAndTellsOfComingAndGoingOnce(t *testing.T) {
	r := user.NewRegistry()
	var log []string
	r.OnNew(func(u *user.User) { log = append(log, "new "+u.SID) })
	r.OnNew(nil)
	r.OnNew(func(*user.User) { panic("a bug in the application") })
	r.OnNew(func(u *user.User) { log = append(log, "again "+u.SID) })
	r.OnDiscard(func(u *user.User) { log = append(log, "gone "+u.SID) })
	older, newer := r.New("alice", "01", &conn{}), r.New("alice", "02", &conn{})
	if r.ByUID("alice") != nil || r.Count() != 0 {
		t.Error("found before it was added")
	}
	r.Add(older)
	if r.ByUID("alice") != older || r.BySID("01") != older || r.Count() != 1 {
		t.Error("not found")
	}
	if r.Add(older) {
		t.Error("added twice")
	}
	if !r.Remove(older) || r.Remove(older) || !older.Gone() {
		t.Error("not removed once")
	}
	r.Add(newer)
	r.Discard(older) // the newer one stays
	r.Discard(older)
	if r.ByUID("alice") != newer || r.BySID("01") != nil || r.Count() != 1 {
		t.Error("the newer session is gone")
	}
	r.Discard(newer)
	never := r.New("bob", "03", &conn{})
	r.Discard(never)
	if r.Add(never) || r.ByUID("bob") != nil || r.Count() != 0 {
		t.Error("added after it was discarded")
	}
	if got := strings.Join(log, ","); got != "new 01,again 01,new 02,again 02,gone 01,gone 02" {
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
					r.Remove(old)
				}
				u := r.New(id, user.NewSID(), &conn{})
				all = append(all, u)
				r.Add(u)
				here[id] = u
			},
			"discard": func(t *rapid.T) {
				if len(all) == 0 {
					t.Skip("nobody")
				}
				u := rapid.SampledFrom(all).Draw(t, "user")
				r.Discard(u)
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
				u := r.New(fmt.Sprint(j%10), fmt.Sprint(i, j), &conn{})
				var both sync.WaitGroup
				both.Go(func() { r.Add(u) })
				both.Go(func() { r.Discard(u) })
				both.Wait()
				r.Discard(u)
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
	u := user.Default.New("default-alice", "0a", &conn{})
	var log []string
	user.OnNew(func(u *user.User) { log = append(log, "new "+u.ID) })
	user.OnDiscard(func(u *user.User) { log = append(log, "gone "+u.ID) })
	user.Default.Add(u)
	if user.GetUserByUID("default-alice") != u || user.GetUserBySID("0a") != u || user.GetCCU() != 1 {
		t.Error("not found")
	}
	user.Default.Discard(u)
	if got := strings.Join(log, ","); got != "new default-alice,gone default-alice" {
		t.Errorf("callbacks: %s", got)
	}
}

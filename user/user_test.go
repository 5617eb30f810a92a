package user_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/parley-dm/parley/internal/session"
	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// conn writes down what it is given.
type conn struct{ said []string }

func (c *conn) Push(ver uint8, cmd uint16, message []byte, reliable bool, done session.Done) error {
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
func (c *conn) Latency() time.Duration        { return 2500 * time.Microsecond }
func (c *conn) Addr() string                  { return "127.0.0.1:1" }
func (c *conn) Hold(session.HoldReason, bool) {}
func (c *conn) Transport() string             { return "ws" }

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

func TestServerRespondAnswersTheRequestOfItsVerAndCmd(t *testing.T) {
	c := &conn{}
	r := user.NewRegistry()
	u := sessions.New(r, "alice", "01", c)
	sessions.Add(r, u)
	sessions.Of(u).Expect(1, 2, 10)
	u.ServerRespond([]byte("another command"), 2, 11, 1, true)
	u.ServerRespond([]byte("another version"), 3, 10, 1, true)
	u.ServerRespond([]byte("ten"), 2, 10, 1, true)
	u.ServerRespond([]byte("twice"), 2, 10, 1, true)
	sessions.Of(u).Expect(0, 2, 11) // wants no response
	u.ServerRespond([]byte("eleven"), 2, 11, 1, true)
	c.wants(t, "re 1: 2 10 1 ten")
	sessions.Of(u).Expect(2, 2, 11)
	if id := sessions.Of(u).TakePending(2, 11); id != 2 {
		t.Errorf("the pending request was %d", id)
	}
	u.ServerRespond([]byte("taken"), 2, 11, 1, true)
	c.wants(t)
}

func TestABlankUserHasNoClient(t *testing.T) {
	u := user.CreateBlankUser("", "system")
	if len(u.SID) != 32 || u.ID != "system" || !u.IsBlank() || u.GetClientAddr() != "" || u.Transport() != "" ||
		u.GetClientTransport() != user.TransportUnknown || u.IsTCP() || u.IsUDP() || u.GetLatency() != 0 {
		t.Errorf("%+v", u)
	}
	u.ServerPush(2, 1, []byte("x"), true)
	u.ServerRespond(nil, 2, 1, 1, true)
	u.Disconnect()
	if err := sessions.Of(u).Push(2, 1, []byte("x"), true, nil); !errors.Is(err, sessions.ErrClosed) {
		t.Errorf("push: %v", err)
	}
	if v := user.CreateBlankUser("05", "x"); v.SID != "05" {
		t.Errorf("SID %q", v.SID)
	}
}

func TestWhatIsPushedReachesTheConnectionUntilTheSessionIsOver(t *testing.T) {
	c := &conn{}
	r := user.NewRegistry()
	u := sessions.New(r, "alice", "01", c)
	sessions.Add(r, u)
	u.ServerPush(2, 1, []byte("one"), true)
	u.ServerPush(2, 1, []byte("two"), false)
	u.Disconnect()
	sessions.Discard(r, u, user.Left)
	u.ServerPush(2, 1, []byte("three"), true)
	sessions.Of(u).Respond(1, 2, 1, 1, nil, true)
	c.wants(t, "push 2 1 one true", "push 2 1 two false", "close 2005 removed by the server")
	if u.GetClientAddr() != "127.0.0.1:1" || u.Transport() != "ws" || u.GetClientTransport() != user.TransportWebSocket || u.IsTCP() || u.GetLatency() != 3 {
		t.Error(u.GetClientAddr(), u.Transport())
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
			u.Update("level", func(v any) any {
				n, _ := v.(int)

				return n + 1
			})
		})
	}
	wg.Wait()
	if u.Get("level") != 101 {
		t.Errorf("level %v", u.Get("level"))
	}
	if n, ok := u.GetAsInt("level"); !ok || n != 101 {
		t.Errorf("as an int: %d, %t", n, ok)
	}
	if text, ok := u.GetAsString("level"); ok || text != "" {
		t.Errorf("as a string: %q", text)
	}
	if !u.Delete("level") || u.Delete("level") {
		t.Error("Delete reports the wrong thing")
	}
	if _, ok := u.GetAsInt("level"); ok {
		t.Error("it is there after Delete")
	}
	u.Update("level", func(v any) any {
		if v != nil {
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

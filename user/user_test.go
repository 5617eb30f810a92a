package user_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

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

package parley_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

const testAdminKey = "an-admin-key-of-tests"

// operated is a way whose nodes have an admin listener.
func operated() way {
	return way{config: func(c *parley.Config) { c.Admin, c.AdminKey = "127.0.0.1:0", testAdminKey }}
}

// operate asks a node as an operator does. It fills in v, if the status is 200, and returns the
// code of the problem.
func operate(t *testing.T, s *parley.Server, method, path, body string, v any) (status int, code wire.Code) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer := askWithKey(ctx, t, method, "http://"+s.AdminAddr()+path, body)
	defer http.DefaultClient.CloseIdleConnections()
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Code wire.Code `json:"code"`
	}
	if answer.StatusCode != http.StatusOK {
		v = &p
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%s %s: %d %s: %v", method, path, answer.StatusCode, text, err)
	}

	return answer.StatusCode, p.Code
}

// askWithKey sends a request of an operator.
func askWithKey(ctx context.Context, t *testing.T, method, url, body string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+testAdminKey)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}

	return answer
}

type userAnswer struct {
	ID, Node, Session, Transport, Address string
	Online                                bool
	Since                                 time.Time
}

func TestAnyNodeTellsWhereAnyUserIs(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		t.Helper()
		w.config = operated().config
		c := w.newCluster(t, 3, nil)
		before := time.Now().Add(-time.Second)
		c.login("alice", 0, false)
		c.login("bob / ünal", 2, true)
		for i, s := range c.nodes {
			for path, want := range map[string]userAnswer{
				"/v1/users/alice":                 {ID: "alice", Node: c.nodes[0].NodeID(), Transport: "tcp"},
				"/v1/users/bob%20%2F%20%C3%BCnal": {ID: "bob / ünal", Node: c.nodes[2].NodeID(), Transport: "ws"},
			} {
				var got userAnswer
				status, _ := operate(t, s, http.MethodGet, path, "", &got)
				if status != http.StatusOK || got.ID != want.ID || got.Node != want.Node || got.Transport != want.Transport || !got.Online ||
					got.Since.Before(before) || got.Since.After(time.Now()) || !strings.HasPrefix(got.Address, "127.0.0.1:") || len(got.Session) != 32 {
					t.Errorf("node %d, %s: %d %+v", i+1, path, status, got)
				}
			}
			if status, code := operate(t, s, http.MethodGet, "/v1/users/zed", "", nil); status != http.StatusNotFound || code != wire.CodeUserNotFound {
				t.Errorf("node %d, zed: %d %d", i+1, status, code)
			}
			var page struct{ Users []userAnswer }
			operate(t, s, http.MethodGet, "/v1/users?ids=zed&ids=alice&ids=bob%20%2F%20%C3%BCnal", "", &page)
			if u := page.Users; len(u) != 3 || u[0].Online || u[0].ID != "zed" || u[1].Transport != "tcp" || u[2].Transport != "ws" {
				t.Errorf("node %d: %+v", i+1, page)
			}
		}
	})
}

func TestAnyNodeSendsToAnyUser(t *testing.T) {
	c := operated().newCluster(t, 3, func(i int, s *parley.Server) {
		s.DM().SetOnReceiveMessage(func(_ uint8, _ uint16, message []byte, _ string, _ *user.User) bool { return string(message) != "no" })
	})
	alice := c.login("alice", 0, false)
	for i, s := range c.nodes {
		var got struct{ Result string }
		operate(t, s, http.MethodPost, "/v1/messages", fmt.Sprintf(`{"from":"shop","to":"alice","text":"order %d"}`, i), &got)
		alice.hears(fmt.Sprintf("shop: order %d", i))
		if got.Result != "delivered" {
			t.Errorf("node %d: %+v", i+1, got)
		}
		operate(t, s, http.MethodPost, "/v1/messages", `{"from":"shop","to":"alice","ver":2,"cmd":11,"base64":"b25seQ=="}`, &got)
		alice.hears("push 2 11 only")
		operate(t, s, http.MethodPost, "/v1/messages", `{"from":"shop","to":"alice","text":"no"}`, &got)
		if got.Result != "declined" {
			t.Errorf("node %d: %+v", i+1, got)
		}
		for body, want := range map[string]struct {
			status int
			code   wire.Code
		}{
			`{"from":"shop","to":"zed","text":"hi"}`:                                       {404, wire.CodeUserNotFound},
			`{"from":"shop","to":"alice","text":""}`:                                       {400, wire.CodeMessageNil},
			`{"from":"","to":"alice","text":"hi"}`:                                         {400, wire.CodeMalformed},
			`{"from":"shop","to":"a\u0000","text":"hi"}`:                                   {400, wire.CodeMalformed},
			`{"from":"shop","to":"alice","text":"` + strings.Repeat("x", 65537) + `"}`:     {413, wire.CodeTooLarge},
			`{"from":"shop","to":"alice","text":"` + strings.Repeat("x", 1_000_000) + `"}`: {413, wire.CodeTooLarge},
		} {
			if status, code := operate(t, s, http.MethodPost, "/v1/messages", body, &got); status != want.status || code != want.code {
				t.Errorf("node %d, %.60s: %d %d, want %v", i+1, body, status, code, want)
			}
		}
	}
}

// sentAway waits until the client has ended, and wants goodbye 2005.
func sentAway(t *testing.T, p *person) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(patience):
		t.Fatalf("%s stays", p.id)
	}
	var bye *client.GoodbyeError
	if !asGoodbye(p.Err(), &bye) || bye.Code != wire.GoodbyeRemoved {
		t.Errorf("%s ended with %v", p.id, p.Err())
	}
}

func TestAnyNodeRemovesAnyUser(t *testing.T) {
	eachWay(t, func(t *testing.T, w way) {
		t.Helper()
		w.config = operated().config
		c := w.newCluster(t, 3, nil)
		for from, s := range c.nodes {
			for at := range c.nodes {
				p := c.login(fmt.Sprintf("user %d %d", from, at), at, at == 1)
				var got struct{ Removed bool }
				if status, _ := operate(t, s, http.MethodDelete, fmt.Sprintf("/v1/users/user%%20%d%%20%d", from, at), "", &got); status != 200 || !got.Removed {
					t.Errorf("%s: %d %+v", p.id, status, got)
				}
				sentAway(t, p)
			}
			if status, code := operate(t, s, http.MethodDelete, "/v1/users/zed", "", nil); status != 404 || code != wire.CodeUserNotFound {
				t.Errorf("zed: %d %d", status, code)
			}
		}
		c.login("user 0 0", 0, false) // without a ban a user may come back
	})
}

func TestABannedUserLogsInAtNoNode(t *testing.T) {
	c := operated().newCluster(t, 2, nil)
	bob := c.login("bob", 1, false)
	var got struct {
		Removed bool
		Until   time.Time `json:"banned_until"`
	}
	operate(t, c.nodes[0], http.MethodDelete, "/v1/users/bob?ban=1h", "", &got)
	if left := time.Until(got.Until); !got.Removed || left < 59*time.Minute || left > time.Hour {
		t.Errorf("%+v", got)
	}
	sentAway(t, bob)
	c.add(2, nil) // it learns of the ban when it enters
	banned := func(i int) bool {
		t.Helper()
		token, err := c.nodes[0].Token("bob")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		again, err := client.Dial(ctx, "tcp://"+c.nodes[i].TCPAddr(), client.WithToken(token), client.WithoutReconnect())
		if err == nil {
			_ = again.Close()

			return false
		}
		var bye *client.GoodbyeError
		if !asGoodbye(err, &bye) || bye.Code != wire.GoodbyeRemoved || !strings.Contains(bye.Text, "may not come back before ") {
			t.Errorf("node %d: %v", i+1, err)
		}

		return true
	}
	for i := range 2 {
		if !banned(i) {
			t.Errorf("bob has logged in at node %d", i+1)
		}
	}
	for end := time.Now().Add(patience); !banned(2); { // told a moment after it has entered
		if time.Now().After(end) {
			t.Fatal("the node that has entered does not know of the ban")
		}
	}
	c.seesAll()
	operate(t, c.nodes[1], http.MethodDelete, "/v1/users/bob?ban=0s", "", &got)
	if got.Removed {
		t.Error("lifting a ban removes a user")
	}
	for i := range 3 {
		c.login("bob", i, false)
	}
}

func TestANodeListsTheMembers(t *testing.T) {
	c := operated().newCluster(t, 3, nil)
	c.login("alice", 1, false)
	for i, s := range c.nodes {
		var page struct {
			Nodes []struct {
				ID             string
				Ready          bool
				Users, Members int
				Since          time.Time
			}
		}
		operate(t, s, http.MethodGet, "/v1/nodes", "", &page)
		if len(page.Nodes) != 3 {
			t.Fatalf("node %d: %+v", i+1, page)
		}
		for j, n := range page.Nodes {
			users := 0
			if j == 1 {
				users = 1
			}
			if n.ID != c.nodes[j].NodeID() || !n.Ready || n.Users != users || n.Members != 3 || time.Since(n.Since) > patience {
				t.Errorf("node %d: %+v", i+1, n)
			}
		}
	}
}

func TestTheAdminListenerHasWhatOperatorsNeed(t *testing.T) {
	w := way{config: func(c *parley.Config) {
		c.Admin, c.AdminKey, c.Pprof = "127.0.0.1:0", testAdminKey, "127.0.0.1:0"
	}}
	c := w.newCluster(t, 1, nil)
	s := c.nodes[0]
	for url, want := range map[string]int{
		"http://" + s.AdminAddr() + "/healthz":         200,
		"http://" + s.AdminAddr() + "/readyz":          200,
		"http://" + s.AdminAddr() + "/metrics":         200,
		"http://" + s.AdminAddr() + "/v1/openapi.json": 200,
		"http://" + s.AdminAddr() + "/v1/nodes":        401,
		"http://" + s.AdminAddr() + "/debug/pprof/":    401,
		"http://" + s.AdminAddr() + "/ws":              404,
		"http://" + s.HTTPAddr() + "/healthz":          200,
		"http://" + s.HTTPAddr() + "/metrics":          404,
		"http://" + s.HTTPAddr() + "/v1/nodes":         404,
		"http://" + s.HTTPAddr() + "/debug/pprof/":     404,
	} {
		if status, body := fetch(t, url); status != want {
			t.Errorf("%s: %d %s, want %d", url, status, body, want)
		}
	}
}

func TestARoundTripOfALinkIsMeasured(t *testing.T) {
	c := way{}.newCluster(t, 2, nil)
	c.eventually("a round trip is measured", func() bool {
		values, _ := scrape(t, c.nodes[0])
		n := values["parley_link_round_trip_seconds_count"]

		return n != "0" && n != ""
	})
}

package demo

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/demopage"
	"github.com/parley-dm/parley/internal/testkit"
)

func TestAKilledNodesUsersComeBackAndItCanBeRestarted(t *testing.T) {
	s := show(t, "n1", "n2")
	ada, ben := s.login("ada", "n1"), s.login("ben", "n2", "n1")
	s.until("n1 and n2 are linked", func(state *demopage.State) bool { return slices.Contains(state.Links, [2]string{"n1", "n2"}) })
	ada.say(t, "ben", "before")
	ben.hear(t, "before")
	s.do("/api/nodes/n2/kill")
	ben.backAfter(t, "the kill")
	s.until("ben is on n1, and n2 is down", func(state *demopage.State) bool {
		return at(state, "ben", "n1") && state.Nodes[1].State == demopage.Down && len(state.Links) == 0
	})
	ada.say(t, "ben", "after")
	ben.hear(t, "after")
	for path, want := range map[string]string{
		"/api/nodes/n2/kill":    "node n2 is down already",
		"/api/nodes/n1/kill":    "node n1 is the last one: restart another one first",
		"/api/nodes/n1/restart": "node n1 is up already",
	} {
		if status, answer := s.post(path); status != http.StatusConflict || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s, want %s", path, status, answer, want)
		}
	}
	before := s.cluster.nodes[1].at
	s.do("/api/nodes/n2/restart")
	now, err := s.cluster.place("n2")
	if err != nil || now.ID == before.ID || now.HTTP != before.HTTP || now.Cluster != before.Cluster {
		t.Errorf("n2 was at %+v, is at %+v, %v", before, now, err)
	}
	s.until("n1 and n2 are linked again", func(state *demopage.State) bool { return slices.Contains(state.Links, [2]string{"n1", "n2"}) })
}

func TestACutConnectionComesBack(t *testing.T) {
	s := show(t, "n1")
	ben := s.login("ben", "n1")
	s.do("/api/users/ben/cut")
	ben.backAfter(t, "the cut")
}

func TestAStalledUserReadsOnceItIsOver(t *testing.T) {
	s := show(t, "n1", "n2")
	ada, ben := s.login("ada", "n1"), s.login("ben", "n2")
	s.do("/api/users/ben/stall")
	s.until("ben is stalled", func(state *demopage.State) bool {
		return slices.ContainsFunc(state.Nodes[1].Users, func(u demopage.User) bool { return u.ID == "ben" && u.Stalled })
	})
	ada.say(t, "ben", "one") // the system has taken it
	ada.say(t, "ada", "others are served")
	ada.hear(t, "others are served")
	select {
	case text := <-ben.heard:
		t.Fatalf("ben has read %q", text)
	default:
	}
	s.do("/api/users/ben/resume")
	ben.hear(t, "one")
}

func TestAStalledConnectionEndsWithItsBrowser(t *testing.T) {
	s := show(t, "n1")
	conns := make(chan net.Conn, 1)
	s.loginWith([]string{"n1"}, "ben", client.WithoutReconnect(), client.WithDialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			conns <- conn
		}

		return conn, err
	}))
	s.do("/api/users/ben/stall")
	_ = (<-conns).Close() // as that of a tab that is closed
	s.until("ben has left", func(state *demopage.State) bool { return !at(state, "ben", "n1") })
}

func TestWrongRequestsAreToldWhy(t *testing.T) {
	s := show(t, "n1")
	own := s.server.URL
	for _, row := range []struct {
		path   string
		header []string
		status int
		want   string
	}{
		{"/api/nodes/n9/kill", nil, 404, `unknown node \"n9\": there are n1`},
		{"/api/nodes/n1/stop", nil, 404, `a node can be asked to kill or restart, not to \"stop\"`},
		{"/api/users/zed/cut", nil, 404, `unknown user \"zed\"`},
		{"/api/users/zed/call", nil, 404, `a user's connection can be asked to cut, stall or resume, not to \"call\"`},
		{"/api/nothing", nil, 404, "there is no POST /api/nothing in this API"},
		{"/api/nodes/n9/kill", []string{"Origin", "https://elsewhere.example"}, 403, "a page of another origin must not use this API"},
		{"/api/nodes/n9/kill", []string{"Sec-Fetch-Site", "same-site"}, 403, "a page of another origin must not use this API"},
		{"/api/nodes/n9/kill", []string{"Origin", own, "Sec-Fetch-Site", "same-origin"}, 404, "unknown node"},
		{"/api/nodes/n9/kill", []string{"Host", "elsewhere.example"}, 403, "the Host of the request must be this listener's"},
	} {
		if status, answer := s.post(row.path, row.header...); status != row.status || !strings.Contains(answer, row.want) {
			t.Errorf("%s %q: %d %s, want %d %s", row.path, row.header, status, answer, row.status, row.want)
		}
	}
	for path, want := range map[string]int{wsPath("n9"): http.StatusNotFound, wsPath("n1"): http.StatusUpgradeRequired} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, own+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := s.server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, resp.Status, want)
		}
	}
}

func TestANodeThatDoesNotStartSaysWhy(t *testing.T) {
	testkit.Home(t)
	t.Setenv(asNode, "1")
	c, err := newCluster(program(t), "n1")
	if err != nil {
		t.Fatal(err)
	}
	c.secret = "short"
	if err := c.start(t.Context()); err == nil || !strings.Contains(err.Error(), "node n1: ") || !strings.Contains(err.Error(), "at least") {
		t.Errorf("the error is %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.start(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

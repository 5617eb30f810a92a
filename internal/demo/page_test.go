package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/demopage"
)

// shown is a cluster with its page.
type shown struct {
	t       *testing.T
	cluster *cluster
	server  *httptest.Server
}

func show(t *testing.T, names ...string) *shown {
	t.Helper()
	home(t)
	t.Setenv(asNode, "1")
	c, err := newCluster(program(t), names...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		c.stop(ctx)
	})
	if err := c.start(ctx); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(c.handler())
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})

	return &shown{t, c, s}
}

// post asks the page's server for something.
func (s *shown) post(path string, header ...string) (status int, answer string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+path, http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	resp, err := s.server.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}

	return resp.StatusCode, strings.TrimSpace(string(body))
}

func (s *shown) do(path string) {
	s.t.Helper()
	if status, answer := s.post(path); status != http.StatusOK {
		s.t.Fatalf("%s: %d %s", path, status, answer)
	}
}

// until waits for a state that the page is told.
func (s *shown) until(what string, ok func(*demopage.State) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.server.URL+"/api/events", http.NoBody)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := s.server.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	latest := ""
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		data, isData := strings.CutPrefix(lines.Text(), `data: {"mode"`)
		if !isData {
			continue
		}
		latest = `{"mode"` + data
		var state demopage.State
		if err := json.Unmarshal([]byte(latest), &state); err != nil {
			s.t.Fatal(err)
		}
		if ok(&state) {
			return
		}
	}
	s.t.Fatalf("waited in vain: %s; the latest state is %s", what, latest)
}

// at tells whether a user is on a node.
func at(state *demopage.State, user, node string) bool {
	return slices.ContainsFunc(state.Nodes, func(n demopage.Node) bool {
		return n.Name == node && slices.ContainsFunc(n.Users, func(u demopage.User) bool { return u.ID == user })
	})
}

// browser is a client that comes as the page does.
type browser struct {
	*client.Client

	heard chan string
	state chan client.State
}

func (s *shown) login(user string, nodes ...string) *browser {
	s.t.Helper()

	return s.loginWith(nodes, user)
}

func (s *shown) loginWith(nodes []string, user string, more ...client.Option) *browser {
	s.t.Helper()
	b := &browser{heard: make(chan string, heardAtMost), state: make(chan client.State, heardAtMost)}
	urls := make([]string, len(nodes))
	for i, n := range nodes {
		urls[i] = strings.Replace(s.server.URL, "http", "ws", 1) + wsPath(n)
	}
	var err error
	b.Client, err = client.Dial(s.t.Context(), strings.Join(urls, ","), append(more,
		client.WithTokenSource(func(context.Context) (string, error) { return s.cluster.Token(user) }),
		client.OnMessage(func(m client.Message) { b.heard <- string(m.Body) }),
		client.OnState(func(state client.State) { b.state <- state }),
	)...)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = b.Close() })
	s.until(user+" is on a node", func(state *demopage.State) bool {
		return slices.ContainsFunc(nodes, func(n string) bool { return at(state, user, n) })
	})

	return b
}

func (b *browser) say(t *testing.T, to, text string) client.Receipt {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := b.Send(ctx, to, []byte(text))
	if err != nil {
		t.Fatalf("%q to %s: %v", text, to, err)
	}

	return r
}

func (b *browser) hear(t *testing.T, want string) {
	t.Helper()
	if got, err := await(t.Context(), b.heard, "no message"); err != nil || got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

// backAfter waits until the client is connected again.
func (b *browser) backAfter(t *testing.T, what string) {
	t.Helper()
	for seen := client.StateConnected; ; {
		before := seen
		var err error
		if seen, err = await(t.Context(), b.state, "not back after "+what); err != nil {
			t.Fatal(err)
		}
		if before == client.StateReconnecting && seen == client.StateConnected {
			return
		}
	}
}

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
	home(t)
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

// terminal is what the demo has printed.
type terminal struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (s *terminal) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.text.Write(p)
}

// until waits until something was printed.
func (s *terminal) until(t *testing.T, want string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !strings.Contains(s.String(), want); {
		<-tick.C
		if time.Now().After(end) {
			t.Fatalf("%q was not printed:\n%s", want, s)
		}
	}
}

func (s *terminal) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.text.String()
}

func TestTheTourGivesWayToTheUserOfThePage(t *testing.T) {
	home(t)
	out := &terminal{}
	o := options(t, out)
	o.Fast = false
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	out.until(t, "All three are ready") // and the reader has time for step 2
	_, rest, _ := strings.Cut(out.String(), "The demo page is at ")
	url, _, _ := strings.Cut(rest, "\n")
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"api/nodes/n2/kill", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
		t.Errorf("%s", resp.Status)
	}
	http.DefaultClient.CloseIdleConnections()
	out.until(t, "The tour ends here: a node was killed or restarted on the page.")
	cancel() // as ctrl+c
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

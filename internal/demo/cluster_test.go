package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/demopage"
	"github.com/parley-dm/parley/internal/testkit"
)

// shown is a cluster with its page.
type shown struct {
	t       *testing.T
	cluster *cluster
	server  *httptest.Server
}

func show(t *testing.T, names ...string) *shown {
	t.Helper()
	testkit.Home(t)
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

package demo

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/demopage"
)

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

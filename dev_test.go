package parley_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/internal/testkit"
	"github.com/parley-dm/parley/wire"
)

// devNode starts a node with its demo page.
func devNode(t *testing.T) *parley.Server {
	t.Helper()
	testkit.Home(t)
	s, err := parley.New(parley.Config{Node: "n1", TCP: parley.Off, HTTP: "127.0.0.1:0", Dev: true, LogLevel: "error"})
	if err != nil {
		t.Fatal(err)
	}
	startUntilEnd(t, s)

	return s
}

// ask sends a request to the page's server.
func ask(t *testing.T, method, url, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}

	return resp.StatusCode, string(data)
}

// pageUser logs in as the page does.
func pageUser(t *testing.T, page, id string, heard chan<- string) *client.Client {
	t.Helper()
	status, answer := ask(t, http.MethodPost, page+"api/token", `{"user":"`+id+`"}`)
	var token struct{ Token string }
	if err := json.Unmarshal([]byte(answer), &token); err != nil || status != http.StatusOK {
		t.Fatalf("%d %s: %v", status, answer, err)
	}
	c, err := client.Dial(t.Context(), strings.Replace(page, "http", "ws", 1)+"ws", client.WithToken(token.Token),
		client.OnMessage(func(m client.Message) { heard <- string(m.Body) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })

	return c
}

func TestADevNodesPageFollowsTheRulesOfItsUsers(t *testing.T) {
	page := devNode(t).PageURL()
	heard := make(chan string, 10)
	ada, ben := pageUser(t, page, "ada", heard), pageUser(t, page, "ben", heard)
	rules := func(text string) error {
		_, err := ben.Request(t.Context(), 255, 1, []byte(text))

		return err
	}
	if err := rules(`{"decline": true}`); err != nil {
		t.Fatal(err)
	}
	if r, err := ada.Send(t.Context(), "ben", []byte("one")); err != nil || r.Result != wire.Declined {
		t.Errorf("%v, %v", r, err)
	}
	if err := rules(`{"rewrite": true}`); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.Send(t.Context(), "ben", []byte("two")); err != nil {
		t.Error(err)
	}
	if got := <-heard; got != "TWO" {
		t.Errorf("ben hears %q", got)
	}
	if err := rules(`{"refuse": true}`); err == nil || !strings.Contains(err.Error(), `unknown field "refuse"`) {
		t.Errorf("the error of a wrong rule is %v", err)
	}
	if _, err := ben.Send(t.Context(), "ada", []byte("three")); err != nil || <-heard != "three" {
		t.Errorf("ada has no rules: %v", err)
	}
}

func TestADevNodesPageShowsUsersAndTheWayOfMessages(t *testing.T) {
	s := devNode(t)
	page := s.PageURL()
	if status, text := ask(t, http.MethodGet, page, ""); status != http.StatusOK || !strings.Contains(text, "<title>Parley demo</title>") {
		t.Errorf("%d %s", status, text)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page+"api/events", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	heard := make(chan string, 1)
	ada := pageUser(t, page, "ada", heard)
	if _, err := ada.Send(t.Context(), "ada", []byte("to herself")); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { _ = resp.Body.Close() })
	defer timer.Stop()
	user, message := false, false
	for lines := bufio.NewScanner(resp.Body); (!user || !message) && lines.Scan(); {
		user = user || strings.Contains(lines.Text(), `"users":[{"id":"ada","transport":"ws"}]`)
		message = message || strings.Contains(lines.Text(), `"from":"ada","to":"ada","via":"n1","at":"n1","way":"local"`)
	}
	if !user || !message {
		t.Errorf("the page is told of the user %v, of the message %v", user, message)
	}
	for path, want := range map[string]string{"nodes/n1/kill": "parley demo can", "nodes/n1/restart": "parley demo can", "users/ada/cut": "parley demo can"} {
		if status, answer := ask(t, http.MethodPost, page+"api/"+path, ""); status != http.StatusConflict || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	for body, want := range map[string]string{
		``:                             "EOF",
		`{"usr":"ada"}`:                "unknown field",
		`{}`:                           `\"user\" is missing`,
		`{"user":""}`:                  "it is empty",
		`{"user":"a\u0000"}`:           "control character",
		`{"user":"ada"}{"user":"eve"}`: "more than one JSON object",
	} {
		if status, answer := ask(t, http.MethodPost, page+"api/token", body); status != http.StatusBadRequest || !strings.Contains(answer, want) {
			t.Errorf("%s: %d %s, want %s", body, status, answer, want)
		}
	}
}

func TestANodeWithoutDevHasNoPage(t *testing.T) {
	s, err := parley.New(parley.Config{TCP: parley.Off, HTTP: "127.0.0.1:0", AuthKey: strings.Repeat("k", 32), LogLevel: "error"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	for _, path := range []string{"/", "/api/events", "/main.js"} {
		if status, answer := ask(t, http.MethodGet, "http://"+s.HTTPAddr()+path, ""); status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, status, answer)
		}
	}
	if s.PageURL() != "" {
		t.Errorf("the page is at %s", s.PageURL())
	}
}

func TestDevDoesNotGoWithAnAuthenticationOfTheProgramsOwn(t *testing.T) {
	s, err := parley.New(parley.Config{
		TCP: parley.Off, HTTP: "127.0.0.1:0", Dev: true, LogLevel: "error",
		Authenticate: func(context.Context, string, net.Addr) (string, time.Time, error) { return "ada", time.Time{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "dev logs users in with the development key") {
		t.Errorf("the error is %v", err)
	}
}

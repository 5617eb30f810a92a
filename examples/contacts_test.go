package examples_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley/client"
)

func TestContactsHearWhoComesAndLeaves(t *testing.T) {
	const key = "a key for the test of contacts, long enough"
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	addr, stop := server(ctx, t, "contacts", "PARLEY_AUTH_KEY="+key)
	login := func(userID string) (c *client.Client, wants func(string)) {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": userID, "exp": time.Now().Add(time.Hour).Unix()}).SignedString([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		heard := make(chan string, 8)
		c, err = client.Dial(ctx, "tcp://"+addr, client.WithToken(token),
			client.OnPush(func(_ uint8, cmd uint16, payload []byte) { heard <- fmt.Sprintf("%d %s", cmd, payload) }))
		if err != nil {
			t.Fatal(err)
		}

		known := map[string]bool{"": true}

		return c, func(want string) {
			t.Helper()
			for got := ""; known[got]; { // what a client hears twice counts once
				select {
				case got = <-heard:
				case <-ctx.Done():
					t.Fatalf("%s hears nothing, want %q", userID, want)
				}
				if !known[got] && got != want {
					t.Errorf("%s hears %q, want %q", userID, got, want)
				}
			}
			known[want] = true
		}
	}
	alice, aliceWants := login("alice")
	bob, bobWants := login("bob")
	aliceWants("30 bob")
	bobWants("30 alice")
	carol, carolWants := login("carol")
	aliceWants("30 carol")
	carolWants("30 alice")
	_ = bob.Close()
	aliceWants("31 bob")
	_ = alice.Close()
	carolWants("31 alice")
	_ = carol.Close()
	if err := stop(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
}

// TestThePageOnPresenceShowsContacts holds docs/presence.md to the example that the test above
// runs.
func TestThePageOnPresenceShowsContacts(t *testing.T) {
	page, err := os.ReadFile("../docs/presence.md")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("contacts/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(string(data), "package main\n")
	if !strings.Contains(string(page), "```go\npackage main\n"+code+"```\n") {
		t.Error("docs/presence.md does not show examples/contacts/main.go as it is")
	}
}

package mesh

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUserIDsBecomeReadableTokens(t *testing.T) {
	for id, want := range map[string]string{
		"alice":         "alice",
		"Bob_the-3rd":   "Bob_the-3rd",
		"a.b":           "a=2Eb",
		"*":             "=2A",
		">":             "=3E",
		"x y":           "x=20y",
		"a=2Eb":         "a=3D2Eb",
		"ü":             "=C3=BC",
		"alice@example": "alice=40example",
	} {
		if got := string(appendToken(nil, id)); got != want {
			t.Errorf("%q became %q, want %q", id, got, want)
		}
	}
}

func TestEveryTokenHasOneUser(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a=.2E* >-]{1,8}`)).Filter(func(s string) bool { return s != "" }).Draw(t, "id")
		_, subject := cells{}.place(id)
		if strings.ContainsAny(subject[len(prefixUser):], ".*> \t\r\n") {
			t.Fatalf("%q became %q", id, subject)
		}
		if back, ok := (cells{}).user(subject); !ok || back != id {
			t.Fatalf("%q became %q became %q", id, subject, back)
		}
	})
}

// A token that is taken for a user is the one token of that user: so no two tokens are one user's, and no two
// users have one token.
func FuzzToken(f *testing.F) {
	for _, token := range []string{"alice", "a=2Eb", "=", "=2", "=2e", "=61", "a b", "=C3=BC"} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if id, ok := parseToken(token); ok && string(appendToken(nil, id)) != token {
			t.Errorf("%q became %q became %q", token, id, appendToken(nil, id))
		}
		if back, ok := parseToken(string(appendToken(nil, token))); !ok || back != token {
			t.Errorf("as an ID %q became %q", token, back)
		}
	})
}

func TestReplySubjectsCarryPortAndToken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		port, token := Port(rapid.Uint8().Draw(t, "port")), rapid.Uint64().Draw(t, "token")
		subject := replySubject(rapid.Uint64().Draw(t, "incarnation"), port, token)
		if p, tok, ok := parseReplySubject(subject); !ok || p != port || tok != token {
			t.Fatalf("%q: %d %d %v", subject, p, tok, ok)
		}
	})
}

func FuzzReplySubject(f *testing.F) {
	f.Add("parley1.r.1.2.3")
	f.Fuzz(func(_ *testing.T, subject string) { parseReplySubject(subject) })
}

package auth_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

// site is an issuer's site: an http.RoundTripper, so that it works in virtual time.
type site struct {
	mu      sync.Mutex
	body    string
	status  int
	fetches int
}

func (s *site) set(status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()

	return s.fetches
}

func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	if s.status == 0 {
		return nil, errors.New("no route")
	}

	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader(s.body)), Request: r}, nil
}

const siteURL = "https://issuer.example/jwks?key=hush"

func otherKey() ed25519.PrivateKey {
	_, key, err := ed25519.GenerateKey(rand.Reader)

	return must(key, err)
}

// virtual runs the test in virtual time with a Keyring of the site's keys.
func virtual(t *testing.T, test func(t *testing.T, s *site, k *auth.Keyring, log *bytes.Buffer)) {
	t.Helper()
	edPrivate() // not within the bubble
	synctest.Test(t, func(t *testing.T) {
		s, log := &site{status: http.StatusOK, body: jwks(edJWK("e", edPrivate()))}, &bytes.Buffer{}
		k, err := auth.Open(t.Context(), auth.KeyringConfig{
			Keys: []string{siteURL}, Client: &http.Client{Transport: s}, Logger: slog.New(slog.NewTextHandler(log, nil)),
		})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		test(t, s, k, log)
	})
}

func wantVerify(t *testing.T, v auth.Verifier, token string, want error) {
	t.Helper()
	if _, err := v.Verify(token); !errors.Is(err, want) {
		t.Errorf("Verify: %v, want %v", err, want)
	}
}

func TestAnUnknownKidFetchesTheKeysOnceInAWhile(t *testing.T) {
	virtual(t, func(t *testing.T, s *site, k *auth.Keyring, _ *bytes.Buffer) {
		t.Helper()
		fresh := otherKey()
		for range 1000 {
			wantVerify(t, k, edToken(t, "new", fresh), auth.ErrTokenUnknownKey)
		}
		s.set(http.StatusOK, jwks(edJWK("new", fresh)))
		time.Sleep(auth.MinFetchInterval - time.Second)
		if n := s.count(); n != 1 {
			t.Errorf("%d fetches before the interval is over", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := s.count(); n != 2 {
			t.Errorf("%d fetches", n)
		}
		wantVerify(t, k, edToken(t, "new", fresh), nil)
		wantVerify(t, k, edToken(t, "e", edPrivate()), auth.ErrTokenUnknownKey) // withdrawn
		wantVerify(t, k, edToken(t, "new", edPrivate()), auth.ErrTokenForged)
	})
}

func TestKeysAreFetchedAgainAndAFailureKeepsThem(t *testing.T) {
	virtual(t, func(t *testing.T, s *site, k *auth.Keyring, log *bytes.Buffer) {
		t.Helper()
		good := edToken(t, "e", edPrivate())
		for _, bad := range []struct {
			status int
			body   string
		}{{0, ""}, {500, ""}, {200, "<html>"}, {200, jwks()}, {200, strings.Repeat(" ", 300_000)}, {302, ""}} {
			s.set(bad.status, bad.body)
			time.Sleep(auth.DefaultFetchInterval + time.Second)
			wantVerify(t, k, good, nil)
		}
		before := s.count()
		s.set(http.StatusOK, jwks(edJWK("e2", edPrivate())))
		time.Sleep(auth.MinFetchInterval)
		synctest.Wait()
		if n := s.count(); n != before+1 {
			t.Errorf("%d fetches after the failure", n-before)
		}
		wantVerify(t, k, edToken(t, "e2", edPrivate()), nil)
		text := log.String()
		if strings.Count(text, "no route") != 1 || !strings.Contains(text, "were read again") || strings.Contains(text, "hush") {
			t.Errorf("log: %s", text)
		}
	})
}

func TestAFileThatChangesChangesTheKeys(t *testing.T) {
	edPrivate()
	synctest.Test(t, func(t *testing.T) {
		spec := write(t, publicPEM(edPrivate().Public()))
		path, fresh := strings.TrimPrefix(spec, "file:"), otherKey()
		log := &bytes.Buffer{}
		k, err := auth.Open(t.Context(), auth.KeyringConfig{Keys: []string{spec, secret}, Logger: slog.New(slog.NewTextHandler(log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		replace := func(content []byte) {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			time.Sleep(auth.DefaultFileInterval + time.Second)
		}
		replace([]byte("no key"))
		time.Sleep(time.Minute)
		wantVerify(t, k, edToken(t, "", edPrivate()), nil)
		if n := strings.Count(log.String(), "cannot be read"); n != 1 {
			t.Errorf("%d lines of the bad file: %s", n, log)
		}
		replace(publicPEM(fresh.Public()))
		wantVerify(t, k, edToken(t, "", fresh), nil)
		wantVerify(t, k, edToken(t, "", edPrivate()), auth.ErrTokenForged)
		wantVerify(t, k, mint(t, k.Signer(), "alice"), nil)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := k.Reload(t.Context()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Reload: %v", err)
		}
		wantVerify(t, k, edToken(t, "", fresh), nil)
	})
}

func TestAKeyringDoesNotOpenWithABadSource(t *testing.T) {
	for name, keys := range map[string][]string{
		"none":              nil,
		"short secret":      {secret, "short"},
		"no such file":      {secret, "file:/nonexistent/key"},
		"jwks without path": {"jwks:"},
		"plain http":        {"http://issuer.example/jwks"},
		"http by name":      {"http://localhost/jwks"},
		"user in the URL":   {"https://alice:hush@issuer.example/jwks"},
		"fragment":          {"https://issuer.example/jwks#x"},
		"no host":           {"https:///jwks"},
		"other scheme":      {"ftp://issuer.example/a/long/path/to/jwks"},
		"unreachable":       {siteURL},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := auth.Open(t.Context(), auth.KeyringConfig{Keys: keys, Client: &http.Client{Transport: &site{}}})
			if !errors.Is(err, auth.ErrKey) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hush") {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestTheKeysAreFetchedOverHTTP(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/jwks", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, jwks(edJWK("e", edPrivate()))) })
	mux.Handle("/moved", http.RedirectHandler("/jwks", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler("http://issuer.example/jwks", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, path := range []string{"/jwks", "/moved"} {
		wantVerify(t, open(t, auth.KeyringConfig{Keys: []string{server.URL + path}}), edToken(t, "e", edPrivate()), nil)
	}
	for path, says := range map[string]string{"/loop": "redirects", "/away": "must be https", "/none": "status 404"} {
		_, err := auth.Open(t.Context(), auth.KeyringConfig{Keys: []string{server.URL + path}})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestKeysMayChangeWhileTokensAreVerified(t *testing.T) {
	k := open(t, auth.KeyringConfig{Keys: []string{secret, write(t, publicPEM(edPrivate().Public()))}, FileInterval: time.Microsecond})
	token := mint(t, k.Signer(), "alice")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				wantVerify(t, k, token, nil)
				if err := k.Reload(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

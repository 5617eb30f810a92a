package parley_test

import (
	"context"
	"crypto/tls"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/client"
	"github.com/parley-dm/parley/wire"
)

const (
	oldSecret = "the old secret of this test, 32 bytes"
	newSecret = "the new secret of this test, 32 bytes"
)

// startNode starts a single node with these settings, and stops it at the end of the test.
func startNode(t *testing.T, cfg parley.Config) *parley.Server {
	t.Helper()
	cfg.Node, cfg.TCP, cfg.HTTP, cfg.LogLevel = "n1", "127.0.0.1:0", "127.0.0.1:0", "error"
	s, err := parley.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	startUntilEnd(t, s)

	return s
}

// startUntilEnd starts a node with the commands of clients, and stops it at the end of the test.
func startUntilEnd(t *testing.T, s *parley.Server) {
	t.Helper()
	s.DM().ExposeCommands()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func dialWith(t *testing.T, s *parley.Server, token string) (*client.Client, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, "tcp://"+s.TCPAddr(), client.WithToken(token), client.WithoutReconnect())
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}

	return c, err
}

func wantGoodbye(t *testing.T, err error, code wire.Goodbye) {
	t.Helper()
	if bye, ok := errors.AsType[*client.GoodbyeError](err); !ok || bye.Code != code {
		t.Errorf("%v, want goodbye %d", err, code)
	}
}

func TestReloadRotatesTheAuthKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	write := func(secret string) {
		if err := os.WriteFile(path, []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(oldSecret)
	s := startNode(t, parley.Config{AuthKey: "file:" + path})
	old, err := s.Token("alice")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dialWith(t, s, old); err != nil {
		t.Error(err)
	}
	write("short")
	if err := s.Reload(t.Context()); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a bad file: %v", err)
	}
	if _, err := dialWith(t, s, old); err != nil {
		t.Errorf("after a bad file: %v", err)
	}
	write(newSecret)
	if err := s.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = dialWith(t, s, old)
	wantGoodbye(t, err, wire.GoodbyeBadToken)
	fresh, err := s.Token("alice")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dialWith(t, s, fresh); err != nil {
		t.Error(err)
	}
}

func TestTokensOfSeveralKeysAreAccepted(t *testing.T) {
	other := startNode(t, parley.Config{AuthKey: oldSecret})
	s := startNode(t, parley.Config{AuthKey: newSecret, AuthKeys: []string{oldSecret}})
	for _, from := range []*parley.Server{s, other} {
		token, err := from.Token("alice")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dialWith(t, s, token); err != nil {
			t.Error(err)
		}
	}
	picky := startNode(t, parley.Config{AuthKey: newSecret, AuthIssuer: "https://login.example"})
	token, err := picky.Token("alice")
	if err != nil {
		t.Fatal(err)
	}
	_, err = dialWith(t, picky, token) // has no iss
	wantGoodbye(t, err, wire.GoodbyeBadToken)
}

func TestTheProgramsFunctionAuthenticates(t *testing.T) {
	s := startNode(t, parley.Config{Authenticate: func(_ context.Context, token string, remote net.Addr) (string, time.Time, error) {
		if !strings.HasPrefix(remote.String(), "127.0.0.1:") {
			t.Errorf("the client's address is %v", remote)
		}
		id, ok := strings.CutPrefix(token, "ticket of ")
		switch {
		case token == "later":
			return "", time.Time{}, parley.ErrTryAgain
		case !ok:
			return "", time.Time{}, errors.New("hush: no such ticket")
		}

		return id, time.Now().Add(time.Hour), nil
	}})
	c, err := dialWith(t, s, "ticket of alice")
	if err != nil || c.UserID() != "alice" {
		t.Fatalf("%v", err)
	}
	_, err = dialWith(t, s, "forged")
	wantGoodbye(t, err, wire.GoodbyeBadToken)
	if err != nil && strings.Contains(err.Error(), "hush") {
		t.Errorf("the client sees %v", err)
	}
	_, err = dialWith(t, s, "later")
	wantGoodbye(t, err, wire.GoodbyeStopping)
	if _, err := s.Token("alice"); err == nil {
		t.Error("a token of no key")
	}
	if _, err := parley.New(parley.Config{AuthKey: newSecret, Authenticate: func(context.Context, string, net.Addr) (string, time.Time, error) {
		return "", time.Time{}, nil
	}}); err == nil || !strings.Contains(err.Error(), "auth_key has no effect beside a function") {
		t.Errorf("both: %v", err)
	}
}

func TestReloadTakesARenewedCertificate(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	first := testkit.WriteCertificate(t, cert, key)
	s := startNode(t, parley.Config{TLSCert: cert, TLSKey: key})
	want := func(serial *big.Int) {
		t.Helper()
		for _, addr := range []string{s.TCPAddr(), s.HTTPAddr()} {
			conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true}) // only its serial number counts
			if err != nil {
				t.Fatal(err)
			}
			if got := conn.ConnectionState().PeerCertificates[0].SerialNumber; got.Cmp(serial) != 0 {
				t.Errorf("%s has certificate %v, want %v", addr, got, serial)
			}
			_ = conn.Close()
		}
	}
	want(first)
	if err := os.WriteFile(cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(t.Context()); err == nil {
		t.Error("a bad certificate is taken")
	}
	want(first)
	second := testkit.WriteCertificate(t, cert, key)
	if err := s.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	want(second)
}

package auth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/parley-dm/parley/internal/auth"
)

const secret = "0123456789abcdef0123456789abcdef"

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}

	return v
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// The key pairs of the tests, made once.
var (
	edPrivate  = sync.OnceValue(func() ed25519.PrivateKey { _, k, err := ed25519.GenerateKey(rand.Reader); return must(k, err) })
	rsaPrivate = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecPrivate  = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
)

func publicPEM(key any) []byte  { return encode("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(key))) }
func privatePEM(key any) []byte { return encode("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key))) }

func write(t *testing.T, content []byte) (spec string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}

	return "file:" + path
}

func parse(t *testing.T, spec string) auth.Key {
	t.Helper()
	key, err := auth.ParseKey(spec)
	if err != nil {
		t.Fatal(err)
	}

	return key
}

func mint(t *testing.T, key auth.Key, id string) string {
	t.Helper()
	token, err := key.Mint(id, 0)
	if err != nil {
		t.Fatal(err)
	}

	return token
}

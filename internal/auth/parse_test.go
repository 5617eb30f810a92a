package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/auth"
)

func TestATokenOfOneHalfOfAKeyIsGoodForTheOther(t *testing.T) {
	for name, pair := range map[string]struct{ signer, checker string }{
		"secret on the command line":     {secret, secret},
		"secret in a file":               {secret, write(t, []byte("\n"+secret+"\r\n"))},
		"Ed25519":                        {write(t, privatePEM(edPrivate())), write(t, publicPEM(edPrivate().Public()))},
		"RSA":                            {write(t, privatePEM(rsaPrivate())), write(t, publicPEM(rsaPrivate().Public()))},
		"RSA in the older PEM kinds":     {write(t, encode("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaPrivate()))), write(t, encode("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaPrivate().PublicKey)))},
		"PEM with text and blanks about": {write(t, privatePEM(edPrivate())), write(t, append([]byte("our key:\n"), append(publicPEM(edPrivate().Public()), "\n \n"...)...))},
		"the private key checks as well": {write(t, privatePEM(edPrivate())), write(t, privatePEM(edPrivate()))},
	} {
		t.Run(name, func(t *testing.T) {
			signer, checker := parse(t, pair.signer), parse(t, pair.checker)
			if !signer.CanMint() {
				t.Fatal("the signing half cannot mint")
			}
			if id, err := checker.Verify(mint(t, signer, "alice")); id != "alice" || err != nil {
				t.Fatalf("Verify = %q, %v", id, err)
			}
		})
	}
}

func TestAPublicKeyCannotMint(t *testing.T) {
	key := parse(t, write(t, publicPEM(edPrivate().Public())))
	if _, err := key.Mint("alice", 0); key.CanMint() || !errors.Is(err, auth.ErrCannotMint) {
		t.Fatalf("CanMint = %v, Mint: %v", key.CanMint(), err)
	}
	if key.Secret() != "" {
		t.Fatal("a public key has a secret")
	}
}

func TestABadKeyIsRefusedInOneLineThatShowsNothingOfIt(t *testing.T) {
	const hidden = "c2VjcmV0IQ" // in every bad key, in no error
	small := must(rsa.GenerateKey(rand.Reader, 1024))
	dir := t.TempDir()
	long := strings.Repeat(hidden, 10_000)
	for name, row := range map[string]struct{ spec, says string }{
		"empty":                {"", "the secret has 0 bytes; want a secret of at least 32 bytes, or file:PATH"},
		"short":                {hidden, "the secret has 10 bytes"},
		"31 bytes":             {hidden + secret[:21], "the secret has 31 bytes"},
		"no path":              {"file:", "has no path"},
		"no such file":         {"file:" + dir + "/none", "no such file"},
		"a directory":          {"file:" + dir, "cannot read"},
		"path with line break": {"file:" + dir + "/a\nb", "no such file"},
		"short secret in file": {write(t, []byte(hidden+"\n")), "has 10 bytes; want at least 32"},
		"empty file":           {write(t, nil), "has 0 bytes"},
		"blanks do not count":  {write(t, []byte(hidden+strings.Repeat(" ", 40))), "has 10 bytes"},
		"file too long":        {write(t, []byte(long)), "longer than 65536 bytes"},
		"PEM on command line":  {"-----BEGIN PUBLIC KEY-----\n" + hidden + "\n-----END PUBLIC KEY-----", "must be in a file"},
		"damaged PEM":          {write(t, []byte("-----BEGIN PUBLIC KEY-----\n"+hidden)), "damaged"},
		"PEM of nonsense":      {write(t, encode("PUBLIC KEY", []byte(hidden))), "does not parse"},
		"private nonsense":     {write(t, encode("PRIVATE KEY", []byte(hidden))), "does not parse"},
		"certificate":          {write(t, encode("CERTIFICATE", []byte(hidden))), `it holds a "CERTIFICATE"`},
		"EC private key":       {write(t, encode("EC PRIVATE KEY", []byte(hidden))), `it holds a "EC PRIVATE KEY"`},
		"encrypted":            {write(t, encode("ENCRYPTED PRIVATE KEY", []byte(hidden))), `it holds a "ENCRYPTED PRIVATE KEY"`},
		"ECDSA":                {write(t, publicPEM(ecPrivate().Public())), "*ecdsa.PublicKey"},
		"RSA of 1024 bits":     {write(t, publicPEM(small.Public())), "1024 bits"},
		"two keys":             {write(t, append(publicPEM(edPrivate().Public()), publicPEM(edPrivate().Public())...)), "more than one"},
	} {
		t.Run(name, func(t *testing.T) {
			key, err := auth.ParseKey(row.spec)
			if err == nil {
				t.Fatal("accepted")
			}
			text := err.Error()
			if !errors.Is(err, auth.ErrKey) || !strings.Contains(text, row.says) || !strings.Contains(text, "want ") {
				t.Errorf("text %q does not say %q and what would be right", text, row.says)
			}
			if strings.Contains(text, "\n") || strings.Contains(text, hidden) {
				t.Errorf("text %q: several lines, or shows the key", text)
			}
			if key.CanMint() {
				t.Error("a refused key can mint")
			}
		})
	}
}

func TestAnUnreadableFileIsRefused(t *testing.T) {
	spec := write(t, []byte(secret))
	path := strings.TrimPrefix(spec, "file:")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Open(path); err == nil {
		_ = f.Close()
		t.Skip("this user reads every file")
	}
	if _, err := auth.ParseKey(spec); !errors.Is(err, os.ErrPermission) {
		t.Fatalf("%v", err)
	}
}

func TestNewKeysDifferAndTheirSecretIsTheKey(t *testing.T) {
	a, b := auth.NewKey(), auth.NewKey()
	if a.Secret() == b.Secret() || len(a.Secret()) < auth.MinSecret {
		t.Fatalf("secrets %q and %q", a.Secret(), b.Secret())
	}
	if id, err := parse(t, a.Secret()).Verify(mint(t, a, "alice")); id != "alice" || err != nil {
		t.Fatalf("Verify = %q, %v", id, err)
	}
}

func TestPrintingAKeyDoesNotShowIt(t *testing.T) {
	key := parse(t, secret)
	holder := struct{ Key, hidden auth.Key }{key, key}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{key, &key, holder, &holder} {
			text := fmt.Sprintf(verb, v)
			if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) || strings.Contains(text, fmt.Sprintf("%d", []byte(secret))) {
				t.Errorf("%s of a %T shows the secret", verb, v)
			}
		}
	}
	if got := fmt.Sprint(key, " ", auth.Key{}); got != "HS256 key no key" {
		t.Errorf("%q", got)
	}
}

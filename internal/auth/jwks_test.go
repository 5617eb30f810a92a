package auth_test

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley/internal/auth"
)

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func jwks(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }

func rsaJWK(kid string, key *rsa.PublicKey) string {
	return fmt.Sprintf(`{"kty":"RSA","use":"sig","alg":"RS256","kid":%q,"n":%q,"e":%q}`, kid, b64(key.N.Bytes()), b64(big.NewInt(int64(key.E)).Bytes()))
}

func edJWK(kid string, key ed25519.PrivateKey) string {
	return fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":%q,"x":%q}`, kid, b64(key[32:]))
}

// edToken is a token of the key whose header names kid.
func edToken(t *testing.T, kid string, key ed25519.PrivateKey) string {
	t.Helper()

	return signedWith(t, jwt.SigningMethodEdDSA, key, fmt.Sprintf(`{"alg":"EdDSA","kid":%q}`, kid), `{"sub":"alice"}`)
}

func jwksFile(t *testing.T, content string) (spec string) {
	t.Helper()

	return "jwks:" + strings.TrimPrefix(write(t, []byte(content)), "file:")
}

func openJWKS(t *testing.T, content string) error {
	t.Helper()
	k, err := auth.Open(t.Context(), auth.KeyringConfig{Keys: []string{jwksFile(t, content)}})
	if err == nil {
		k.Close()
	}

	return err
}

func TestAJWKSFileGivesItsKeysByKid(t *testing.T) {
	k := open(t, auth.KeyringConfig{Keys: []string{secret, jwksFile(t, jwks(rsaJWK("r", &rsaPrivate().PublicKey), edJWK("e", edPrivate())))}})
	for name, row := range map[string]struct {
		token string
		want  error
	}{
		"EdDSA by kid":               {edToken(t, "e", edPrivate()), nil},
		"EdDSA without kid":          {signed(t, jwt.SigningMethodEdDSA, edPrivate(), `{"sub":"alice"}`), nil},
		"RS256 by kid":               {signedWith(t, jwt.SigningMethodRS256, rsaPrivate(), `{"alg":"RS256","kid":"r"}`, `{"sub":"alice"}`), nil},
		"HS256 of the secret":        {hs256(t, `{"sub":"alice"}`), nil},
		"HS256 of the secret, a kid": {signedWith(t, jwt.SigningMethodHS256, []byte(secret), `{"alg":"HS256","kid":"any"}`, `{"sub":"alice"}`), nil},
		"the kid of another key":     {edToken(t, "r", edPrivate()), auth.ErrTokenForged},
		"an unknown kid":             {edToken(t, "x", edPrivate()), auth.ErrTokenForged},
		"HS256 with a public key":    {signedWith(t, jwt.SigningMethodHS256, []byte(edPrivate()[32:]), `{"alg":"HS256","kid":"e"}`, `{"sub":"alice"}`), auth.ErrTokenForged},
		"none":                       {signedWith(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, `{"alg":"none","kid":"e"}`, `{"sub":"alice"}`), auth.ErrTokenForged},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := k.Verify(row.token); err != row.want { //nolint:errorlint // the sentinel itself
				t.Errorf("Verify: %v, want %v", err, row.want)
			}
		})
	}
}

func TestABadJWKSIsRefused(t *testing.T) {
	good := edJWK("e", edPrivate())
	with := func(member string) string { return jwks(strings.TrimSuffix(good, "}") + "," + member + "}") }
	n := b64(rsaPrivate().N.Bytes())
	for name, content := range map[string]string{
		"empty":              "",
		"no list":            `{}`,
		"list is an object":  `{"keys":{}}`,
		"Keys":               `{"Keys":[` + good + `]}`,
		"keys twice":         `{"keys":[],"keys":[` + good + `]}`,
		"no key":             jwks(),
		"a key is a text":    jwks(`"x"`),
		"private key":        jwks(good, strings.TrimSuffix(good, "}")+`,"d":"AAAA"}`),
		"symmetric key":      jwks(good, `{"kty":"oct","k":"`+secret+`"}`),
		"member twice":       with(`"x":"AAAA"`),
		"for encryption":     with(`"use":"enc"`),
		"use is a number":    with(`"use":5`),
		"for signing only":   with(`"key_ops":["sign"]`),
		"another algorithm":  with(`"alg":"HS256"`),
		"kid is a number":    strings.Replace(jwks(good), `"e"`, `7`, 1),
		"another curve":      strings.Replace(jwks(good), "Ed25519", "X25519", 1),
		"x with padding":     jwks(`{"kty":"OKP","crv":"Ed25519","x":"` + b64(edPrivate()[32:]) + `="}`),
		"x too short":        jwks(`{"kty":"OKP","crv":"Ed25519","x":"AAAA"}`),
		"RSA exponent 1":     jwks(`{"kty":"RSA","n":"` + n + `","e":"AQ"}`),
		"RSA exponent 0":     jwks(`{"kty":"RSA","n":"` + n + `","e":""}`),
		"RSA exponent even":  jwks(`{"kty":"RSA","n":"` + n + `","e":"BA"}`),
		"RSA exponent giant": jwks(`{"kty":"RSA","n":"` + n + `","e":"AQAAAAAB"}`),
		"RSA too small":      jwks(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`),
		"33 keys":            jwks(good + strings.Repeat(","+good, 32)),
		"too long":           jwks(good + strings.Repeat(" ", 300_000)),
		"a PEM key":          string(publicPEM(edPrivate().Public())),
	} {
		t.Run(name, func(t *testing.T) {
			err := openJWKS(t, content)
			if err == nil || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), n) || strings.Contains(err.Error(), secret) {
				t.Errorf("error is %v", err)
			}
		})
	}
	for name, content := range map[string]string{
		"keys of other kinds are skipped": jwks(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`, `{"kty":"new"}`, good),
		"unknown members are skipped":     with(`"x5t":"abc","D":1`),
		"with its algorithm":              with(`"alg":"EdDSA","use":"sig","key_ops":["verify"]`),
	} {
		if err := openJWKS(t, content); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzAnyJWKSIsReadOrRefused(f *testing.F) {
	f.Add([]byte(jwks(rsaJWK("r", &rsaPrivate().PublicKey), edJWK("e", edPrivate()))))
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"","key_ops":[]}]}`))
	path := filepath.Join(f.TempDir(), "set")
	f.Fuzz(func(t *testing.T, content []byte) {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		k, err := auth.Open(t.Context(), auth.KeyringConfig{Keys: []string{"jwks:" + path}})
		if err != nil {
			return
		}
		defer k.Close()
		if k.Signer().CanMint() {
			t.Fatalf("a JWKS can mint: %q", content)
		}
		if _, err := k.Verify(hs256(t, `{"sub":"alice"}`)); err == nil {
			t.Fatalf("a JWKS accepts a token of a secret: %q", content)
		}
	})
}

package auth

import (
	"crypto"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"

	"github.com/golang-jwt/jwt/v5"
)

// MinSecret is the length in bytes of the shortest secret.
const MinSecret = 32

// Key checks tokens, and signs them if it can. The zero Key refuses every token. Keys may be copied
// and are safe for use by several goroutines.
type Key struct {
	m *material
}

type material struct {
	method jwt.SigningMethod
	verify sealed // what method takes to verify
	sign   sealed // what method takes to sign, nil if there is only a public key
	kid    string // the key's ID in its JWKS, "" if there is none: the key then fits every kid
}

// sealed holds a key so that no print of an enclosing struct shows it: of a function, fmt prints
// the address.
type sealed func() any

func seal(key any) sealed {
	if key == nil {
		return nil
	}

	return func() any { return key }
}

func newKey(method jwt.SigningMethod, verify, sign any) Key {
	return Key{&material{
		method: method,
		verify: seal(verify),
		sign:   seal(sign),
	}}
}

// NewKey makes a random secret.
func NewKey() Key {
	var b [MinSecret]byte
	_, _ = rand.Read(b[:]) // never fails

	return secretKey([]byte(base64.RawURLEncoding.EncodeToString(b[:])))
}

func secretKey(secret []byte) Key { return newKey(jwt.SigningMethodHS256, secret, secret) }

// Secret is the secret of an HS256 key, such as ParseKey takes, and "" of any other key.
func (k Key) Secret() string {
	if !k.CanMint() {
		return ""
	}
	secret, _ := k.m.sign().([]byte)

	return string(secret)
}

// CanMint tells whether the key can sign tokens.
func (k Key) CanMint() bool { return k.m != nil && k.m.sign != nil }

// String names the algorithm, and nothing of the key itself.
func (k Key) String() string {
	if k.m == nil {
		return "no key"
	}

	return k.m.method.Alg() + " key"
}

// equal tells whether both keys accept the same tokens.
func (k Key) equal(other Key) bool {
	if k.m.kid != other.m.kid || k.m.method.Alg() != other.m.method.Alg() {
		return false
	}
	switch key := k.m.verify().(type) {
	case []byte:
		secret, ok := other.m.verify().([]byte)

		return ok && subtle.ConstantTimeCompare(key, secret) == 1
	case interface{ Equal(x crypto.PublicKey) bool }:
		return key.Equal(other.m.verify())
	}

	return false
}

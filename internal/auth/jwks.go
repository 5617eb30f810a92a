package auth

import (
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// maxKeys bounds the keys of one Keyring: a token without kid is tried with each key that fits.
const maxKeys = 32

var errUnsupported = errors.New("the key is of no kind that Parley uses")

// privateMembers are the members of a JWK that a published key must not have.
var privateMembers = []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"}

// parseJWKS reads the public keys of a JWK set (RFC 7517). Keys of other kinds, algorithms and uses
// are skipped, as the RFC says; a set without a usable key, and a set with a private or symmetric
// key, is an error. Errors quote nothing of the set.
func parseJWKS(doc []byte) ([]Key, error) {
	var (
		list  []json.RawMessage
		found bool
	)
	err := readObject(doc, func(name string, value []byte) {
		if name == "keys" {
			found = value[0] == '[' && json.Unmarshal(value, &list) == nil
		}
	})
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, errors.New(`it has no list "keys"`)
	case len(list) > maxKeys:
		return nil, fmt.Errorf("it has %d keys, at most %d are allowed", len(list), maxKeys)
	}
	keys := make([]Key, 0, len(list))
	for _, raw := range list {
		key, err := parseJWK(raw)
		switch {
		case errors.Is(err, errUnsupported):
		case err != nil:
			return nil, err
		default:
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("it has no Ed25519 key and no RSA key of 2048 to 8192 bits for signatures")
	}

	return keys, nil
}

func parseJWK(raw []byte) (Key, error) {
	jwk := map[string][]byte{}
	if err := readObject(raw, func(name string, value []byte) { jwk[name] = value }); err != nil {
		return Key{}, err
	}
	for _, name := range privateMembers {
		if _, has := jwk[name]; has {
			return Key{}, errors.New("it has a private or symmetric key, and tokens can be forged with that")
		}
	}
	text := func(name string) string {
		value, _ := decodeText(jwk[name])

		return value
	}
	if !isForSignatures(jwk, text("use")) {
		return Key{}, errUnsupported
	}
	kid := text("kid")
	if kid == "" && jwk["kid"] != nil {
		return Key{}, errUnsupported
	}
	var (
		key Key
		err error
	)
	switch text("kty") {
	case "RSA":
		key, err = rsaJWK(text("n"), text("e"))
	case "OKP":
		key, err = ed25519JWK(text("crv"), text("x"))
	default:
		err = errUnsupported
	}
	if err != nil || (jwk["alg"] != nil && text("alg") != key.m.method.Alg()) {
		return Key{}, errUnsupported
	}
	key.m.kid = kid

	return key, nil
}

// isForSignatures looks at use and key_ops, both of which may be missing.
func isForSignatures(jwk map[string][]byte, use string) bool {
	if jwk["use"] != nil && use != "sig" {
		return false
	}
	if jwk["key_ops"] == nil {
		return true
	}
	var ops []string

	return json.Unmarshal(jwk["key_ops"], &ops) == nil && slices.Contains(ops, "verify")
}

func rsaJWK(n, e string) (Key, error) {
	modulus, err := decodeBase64(n)
	if err != nil {
		return Key{}, err
	}
	exponent, err := decodeBase64(e)
	const maxExponent = 4 // bytes
	if err != nil || len(exponent) == 0 || len(exponent) > maxExponent {
		return Key{}, errUnsupported
	}

	return fromRSA(&rsa.PublicKey{
		N: new(big.Int).SetBytes(modulus),
		E: int(new(big.Int).SetBytes(exponent).Int64()),
	}, nil)
}

func ed25519JWK(crv, x string) (Key, error) {
	public, err := decodeBase64(x)
	if err != nil || crv != "Ed25519" || len(public) != ed25519.PublicKeySize {
		return Key{}, errUnsupported
	}

	return fromCrypto(ed25519.PublicKey(public))
}

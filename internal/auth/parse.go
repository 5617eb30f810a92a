package auth

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	filePrefix  = "file:"
	jwksPrefix  = "jwks:"
	pemStart    = "-----BEGIN "
	maxKeyFile  = 64 << 10
	minRSABits  = 2048
	maxRSABits  = 8192
	wantedPEM   = `want a "PUBLIC KEY" or "PRIVATE KEY" with Ed25519 or RSA`
	wantedShort = "want a secret of at least 32 bytes, or file:PATH"
)

// ParseKey reads what --auth-key takes: a secret of at least 32 bytes, or file:PATH of a file with
// such a secret or a PEM key. White space around the secret is cut off, as an environment variable
// or a file ends in a line break easily. The error is one line that says what is wrong and what
// would be right.
func ParseKey(spec string) (Key, error) {
	spec = strings.TrimSpace(spec)
	path, isFile := strings.CutPrefix(spec, filePrefix)
	switch {
	case isFile && path == "":
		return Key{}, fmt.Errorf("%w: file: has no path; %s", ErrKey, wantedShort)
	case isFile:
		return parseFile(path)
	case strings.Contains(spec, pemStart):
		return Key{}, fmt.Errorf("%w: a PEM key must be in a file; want file:PATH", ErrKey)
	case len(spec) < MinSecret:
		return Key{}, fmt.Errorf("%w: the secret has %d bytes; %s", ErrKey, len(spec), wantedShort)
	case hasPrefixFold(spec, filePrefix) || hasPrefixFold(spec, jwksPrefix) || isFileName(spec):
		return Key{}, fmt.Errorf("%w: the secret is the name of a file; %s", ErrKey, wantedShort)
	}
	if kind := notASecret([]byte(spec)); kind != "" {
		return Key{}, fmt.Errorf("%w: the secret is %s; %s", ErrKey, kind, wantedShort)
	}

	return secretKey([]byte(spec)), nil
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func isFileName(spec string) bool {
	_, err := os.Stat(spec)

	return err == nil
}

func parseFile(path string) (Key, error) {
	content, err := readFile(path, maxKeyFile)
	if err != nil {
		return Key{}, err
	}

	return parseContent(path, content)
}

// parseContent reads the content of a key file; path is for the errors.
func parseContent(path string, content []byte) (Key, error) {
	trimmed := bytes.TrimSpace(content)
	kind := notASecret(trimmed)
	switch {
	case bytes.Contains(trimmed, []byte(pemStart)):
		return parsePEM(path, trimmed)
	case looksLikeDER(content): // white space may be a part of DER
		kind = "a DER key or certificate"
	case len(trimmed) < MinSecret:
		return Key{}, fmt.Errorf("%w: the secret in %q has %d bytes; want at least %d, or a PEM key", ErrKey, path, len(trimmed), MinSecret)
	}
	if kind != "" {
		return Key{}, fmt.Errorf("%w: %q holds no secret: it is %s; want one line of text, or a PEM key (jwks:PATH for a JWKS)", ErrKey, path, kind)
	}

	return secretKey(trimmed), nil
}

func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	switch {
	case err != nil:
		return nil, unreadable(path, err)
	case int64(len(content)) > limit:
		return nil, fmt.Errorf("%w: %q is longer than %d bytes; want a secret or a PEM key", ErrKey, path, limit)
	}

	return content, nil
}

// unreadable says why without naming the path twice.
func unreadable(path string, err error) error {
	if pe, ok := err.(*os.PathError); ok { //nolint:errorlint // as os returns it
		err = pe.Err
	}

	return fmt.Errorf("%w: cannot read %q: %w; want a file that this process may read", ErrKey, path, err)
}

func parsePEM(path string, content []byte) (Key, error) {
	block, rest := pem.Decode(content)
	switch {
	case block == nil:
		return Key{}, fmt.Errorf("%w: the PEM in %q is damaged; %s", ErrKey, path, wantedPEM)
	case bytes.Contains(rest, []byte(pemStart)):
		return Key{}, fmt.Errorf("%w: %q has more than one PEM block; want one key", ErrKey, path)
	}
	key, err := parseDER(block)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %q: %w; %s", ErrKey, path, err, wantedPEM)
	}

	return key, nil
}

func parseDER(block *pem.Block) (Key, error) {
	var (
		key any
		err error
	)
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	default:
		return Key{}, fmt.Errorf("it holds a %q", block.Type)
	}
	if err != nil {
		return Key{}, fmt.Errorf("its %q does not parse", block.Type) // x509's own text may quote the key
	}

	return fromCrypto(key)
}

func fromCrypto(key any) (Key, error) {
	switch key := key.(type) {
	case ed25519.PublicKey:
		return newKey(jwt.SigningMethodEdDSA, key, nil), nil
	case ed25519.PrivateKey:
		return newKey(jwt.SigningMethodEdDSA, key.Public(), key), nil
	case *rsa.PublicKey:
		return fromRSA(key, nil)
	case *rsa.PrivateKey:
		return fromRSA(&key.PublicKey, key)
	}

	return Key{}, fmt.Errorf("its key is a %T", key)
}

func fromRSA(public *rsa.PublicKey, private any) (Key, error) {
	if bits := public.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return Key{}, fmt.Errorf("its RSA key has %d bits, not %d to %d", bits, minRSABits, maxRSABits)
	}

	const minExponent = 3 // with an exponent of 1 every text is its own signature
	if public.E < minExponent || public.E%2 == 0 || public.N.Bit(0) == 0 {
		return Key{}, errors.New("its RSA key is no valid one")
	}

	return newKey(jwt.SigningMethodRS256, public, private), nil
}

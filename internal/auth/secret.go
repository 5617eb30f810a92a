package auth

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sshBlobs begin the base64 of every SSH public key: the length of the key's kind, then the kind.
var sshBlobs = []string{"AAAAB3NzaC1", "AAAAC3NzaC1", "AAAAE2VjZHNh", "AAAAGnNrLXNzaC", "AAAAInNrLWVjZHNh"}

// notASecret says what the content is if it is no bare secret, and "" if it may be one. A public
// key, or its address, as an HMAC secret would let every reader of the public key forge tokens. So
// a secret is one line of printable text: that excludes each binary format.
func notASecret(content []byte) string {
	text := string(content)
	switch {
	case strings.Contains(text, pemStart):
		return "a PEM key"
	case looksLikeDER(content):
		return "a DER key or certificate"
	case !utf8.Valid(content):
		return "binary"
	case strings.HasPrefix(text, "ssh-") || strings.HasPrefix(text, "ecdsa-sha2-") || containsAny(text, sshBlobs):
		return "an SSH key"
	case looksLikeJSON(content):
		return "JSON, as a JWKS is"
	case strings.Contains(text, "://"):
		return "a URL"
	case strings.Contains(text, "- BEGIN ") || strings.HasPrefix(text, "PuTTY-"):
		return "a key file"
	case strings.ContainsFunc(text, unprintable):
		return "text with line breaks or invisible characters"
	case isKeyInDER(unbase64(text)):
		return "a DER key or certificate in base64"
	}

	return ""
}

func unprintable(r rune) bool { return r != ' ' && !unicode.IsGraphic(r) }

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}

	return false
}

// looksLikeJSON also finds a JWKS that was cut off.
func looksLikeJSON(content []byte) bool {
	return len(content) > 0 && (content[0] == '{' || content[0] == '[') &&
		(json.Valid(content) || bytes.Contains(content, []byte(`"kty"`)) || bytes.Contains(content, []byte(`"keys"`)))
}

// looksLikeDER tells whether the content is an ASN.1 sequence, which every DER key and certificate
// is. A sequence that is cut off counts if its length takes several bytes: no text begins like
// that.
func looksLikeDER(content []byte) bool {
	const sequence, longForm = 0x30, 0x80
	if len(content) > 1 && content[0] == sequence && content[1] > longForm && content[1] <= longForm+4 {
		return true
	}
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(content, &v)

	return err == nil && v.Class == asn1.ClassUniversal && v.Tag == asn1.TagSequence && v.IsCompound && len(rest) == 0
}

// keyOIDs are the DER of the object identifiers that name the kind of a key: RSA, elliptic curve,
// Ed25519.
var keyOIDs = []string{"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", "\x06\x07\x2a\x86\x48\xce\x3d\x02\x01", "\x06\x03\x2b\x65\x70"}

// isKeyInDER is stricter than looksLikeDER: of random secrets in base64, one in ten thousand or so
// decodes to what begins like a sequence.
func isKeyInDER(content []byte) bool {
	if !looksLikeDER(content) {
		return false
	}
	_, err := x509.ParsePKCS1PublicKey(content)

	return err == nil || containsAny(string(content), keyOIDs)
}

// unbase64 decodes either alphabet of base64, with or without padding; nil if the text is neither.
func unbase64(text string) []byte {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	content, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}

	return content
}

package auth

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// maxToken bounds the length in bytes of a token, and with it the work on a token of a stranger.
const maxToken = 64 << 10

// header is what Parley reads of a token's header.
type header struct {
	alg    string // "" if missing or no text: no key has it
	kid    string
	hasKid bool
}

// verify checks a token with the keys that fit its header. A key fits by its own algorithm: the
// header selects among the keys, and never how a key is used. hasUnknown is true if the header
// names a key that is not among keys.
func verify(token string, keys []Key, p *Policy) (id Identity, hasUnknown bool, err error) {
	if token == "" {
		return Identity{}, false, ErrTokenMissing
	}
	h, payload, signed, signature, err := split(token)
	if err != nil {
		return Identity{}, false, err
	}
	known, valid := false, false
	for _, k := range keys {
		if k.m == nil || (h.hasKid && k.m.kid != "" && k.m.kid != h.kid) {
			continue
		}
		known = known || (h.hasKid && k.m.kid == h.kid)
		if h.alg == k.m.method.Alg() && k.m.method.Verify(signed, signature, k.m.verify()) == nil {
			valid = true

			break
		}
	}
	if !valid {
		return Identity{}, h.hasKid && !known, ErrTokenForged
	}
	c, err := readClaims(payload)
	if err != nil {
		return Identity{}, false, err
	}
	id, err = c.identity(p, time.Now())

	return id, false, err
}

// split decodes the three parts of a token. signed is the part of the text that the signature
// covers.
func split(token string) (h header, payload []byte, signed string, signature []byte, err error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return header{}, nil, "", nil, ErrTokenMalformed
	}
	end := strings.LastIndexByte(token, '.')
	signed = token[:end]
	first, second, _ := strings.Cut(signed, ".")
	head, err := decodeBase64(first)
	if err == nil {
		payload, err = decodeBase64(second)
	}
	if err == nil {
		signature, err = decodeBase64(token[end+1:])
	}
	if err == nil {
		h, err = readHeader(head)
	}
	if err != nil { // the causes quote the token
		return header{}, nil, "", nil, ErrTokenMalformed
	}

	return h, payload, signed, signature, nil
}

func readHeader(head []byte) (header, error) {
	var (
		h    header
		fail error
	)
	err := readObject(head, func(name string, value []byte) {
		switch name {
		case "alg":
			h.alg, _ = decodeText(value)
		case "kid":
			if h.kid, h.hasKid = decodeText(value); !h.hasKid {
				fail = ErrTokenMalformed
			}
		case "crit": // RFC 7515: extensions that must be understood; Parley has none
			fail = ErrTokenMalformed
		}
	})
	if err != nil {
		return header{}, err
	}

	return h, fail
}

// decodeBase64 decodes base64url without padding. The decoder of the standard library skips line
// breaks, so that one token had several spellings.
func decodeBase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("%w: line break", ErrTokenMalformed)
	}

	return base64.RawURLEncoding.Strict().DecodeString(text)
}

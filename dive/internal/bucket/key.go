package bucket

import (
	"encoding/hex"
	"strings"
)

const escape = '='

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// encodeKey makes one token of a subject of any bytes: other bytes than letters, digits, dashes and
// underscores become =XX.
func encodeKey(key string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(key) {
		if c := key[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{escape, digits[c>>4], digits[c&15]})
		}
	}

	return b.String()
}

// decodeKey is the key of a token; false if encodeKey has not made it.
func decodeKey(token string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		c := token[i]
		switch {
		case plain(c):
			b.WriteByte(c)
		case c == escape && i+2 < len(token):
			raw, err := hex.DecodeString(token[i+1 : i+3])
			if err != nil {
				return "", false
			}
			b.Write(raw)
			i += 2
		default:
			return "", false
		}
	}
	key := b.String()

	return key, key != "" && encodeKey(key) == token
}

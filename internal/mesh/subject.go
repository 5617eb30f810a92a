package mesh

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
)

// Subjects, version 1. Nodes of different versions do not hear each other.
//
//	parley1.u.<user>                          finds, to one of the nodes that hold the user
//	parley1.n.<incarnation>                   packets to one node
//	parley1.all                               beats, hellos and barriers, to every node
//	parley1.r.<incarnation>.<port>.<token>    where the engine says that nobody holds the user that a find asked for
const (
	subjectAll   = "parley1.all"
	prefixUser   = "parley1.u."
	prefixNode   = "parley1.n."
	prefixReply  = "parley1.r."
	holdersGroup = "parley" // one queue group: of several holders one gets a find
)

// cells says where a user's interest lives: on which connection, under which subject. Today there is one connection. With
// several NATS clusters (cells) this is the type that picks by the hash of the user ID.
type cells struct {
	conn *nats.Conn
}

func (c cells) place(userID string) (*nats.Conn, string) {
	return c.conn, string(appendToken(append(make([]byte, 0, len(prefixUser)+3*len(userID)), prefixUser...), userID))
}

// user is the user whose subject this is.
func (cells) user(subject string) (string, bool) {
	token, ok := strings.CutPrefix(subject, prefixUser)
	if !ok || token == "" {
		return "", false
	}

	return parseToken(token)
}

// appendToken appends a user ID as one token of a subject: ASCII letters, digits, - and _ stand for themselves, every other
// byte is = and two hex digits. Different IDs have different tokens.
func appendToken(dst []byte, userID string) []byte {
	const digits = "0123456789ABCDEF"
	for i := range len(userID) {
		if c := userID[i]; plain(c) {
			dst = append(dst, c)
		} else {
			dst = append(dst, '=', digits[c>>4], digits[c&0xF])
		}
	}

	return dst
}

func plain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
}

// parseToken undoes appendToken, and takes nothing that appendToken does not make.
func parseToken(token string) (string, bool) {
	const escape = 3
	clean := true
	for i := 0; i < len(token) && clean; i++ {
		clean = plain(token[i])
	}
	if clean {
		return token, true
	}
	id := make([]byte, 0, len(token))
	for i := 0; i < len(token); i++ {
		if plain(token[i]) {
			id = append(id, token[i])

			continue
		}
		if token[i] != '=' || len(token)-i < escape {
			return "", false
		}
		var c [1]byte
		pair := token[i+1 : i+escape]
		if _, err := hex.Decode(c[:], []byte(pair)); err != nil || plain(c[0]) || strings.ToUpper(pair) != pair {
			return "", false
		}
		id = append(id, c[0])
		i += escape - 1
	}

	return string(id), true
}

const base16 = 16

func nodeSubject(inc uint64) string {
	return string(strconv.AppendUint(append(make([]byte, 0, len(prefixNode)+base16), prefixNode...), inc, base16))
}

// replySubject is where the answer "nobody" to a find comes.
func replySubject(inc uint64, port Port, token uint64) string {
	b := append(make([]byte, 0, len(prefixReply)+2*base16+5), prefixReply...)
	b = append(strconv.AppendUint(b, inc, base16), '.')
	b = append(strconv.AppendUint(b, uint64(port), base16), '.')

	return string(strconv.AppendUint(b, token, base16))
}

func parseReplySubject(subject string) (Port, uint64, bool) {
	rest, _ := strings.CutPrefix(subject, prefixReply)
	_, rest, _ = strings.Cut(rest, ".")
	portHex, tokenHex, _ := strings.Cut(rest, ".")
	port, err := strconv.ParseUint(portHex, base16, 8)
	if err != nil {
		return 0, 0, false
	}
	token, err := strconv.ParseUint(tokenHex, base16, 64)

	return Port(port), token, err == nil
}

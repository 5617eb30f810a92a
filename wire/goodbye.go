package wire

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Goodbye is the code of a goodbye frame, in its Cmd. It tells a client what to do next.
type Goodbye uint16

// The codes. A client that leaves on its own accord sends GoodbyeLeaving.
const (
	GoodbyeLeaving Goodbye = 0 // from a client: nothing is wrong, I am done

	GoodbyeStopping  Goodbye = 1001 // the server stops; its text may say when to come back
	GoodbyeHeartbeat Goodbye = 1002 // nothing was heard for two heartbeats
	GoodbyeSlow      Goodbye = 1003 // the client does not read what it is sent

	GoodbyeBadToken Goodbye = 2001 // the token is missing, forged, expired, or names no user
	GoodbyeReplaced Goodbye = 2002 // the same user logged in anew
	GoodbyeProtocol Goodbye = 2003 // bytes that no client should send
	GoodbyeRemoved  Goodbye = 2005 // an operator or the application removed the user
)

// ComeBack tells whether a client that got this code connects again by itself.
func (g Goodbye) ComeBack() bool { return g >= 1000 && g < 2000 }

// String is the code in words.
func (g Goodbye) String() string {
	switch g {
	case GoodbyeLeaving:
		return "leaving"
	case GoodbyeStopping:
		return "server stopping"
	case GoodbyeHeartbeat:
		return "heartbeat missed"
	case GoodbyeSlow:
		return "too slow"
	case GoodbyeBadToken:
		return "bad token"
	case GoodbyeReplaced:
		return "replaced by a newer login"
	case GoodbyeProtocol:
		return "protocol error"
	case GoodbyeRemoved:
		return "removed"
	}

	return unknown("goodbye", uint16(g))
}

// AppendReconnect appends the text of a goodbye that says when to come back, in whole milliseconds.
func AppendReconnect(dst []byte, after time.Duration) []byte {
	dst = append(dst, `{"reconnect_in_ms":`...)
	dst = strconv.AppendInt(dst, max(0, after.Milliseconds()), 10)

	return append(dst, '}')
}

// AppendReason is AppendReconnect, and says besides why, in words for people.
func AppendReason(dst []byte, after time.Duration, reason string) []byte {
	dst = AppendReconnect(dst, after)
	text, _ := json.Marshal(reason) //nolint:errchkjson // a string always can be

	return append(append(append(dst[:len(dst)-1], `,"reason":`...), text...), '}')
}

// ParseReason reads why the server said goodbye out of a text that AppendReason made, "" out of any
// other.
func ParseReason(text []byte) string {
	var t struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(text, &t) != nil {
		return ""
	}

	return t.Reason
}

// ParseReconnect reads when to come back out of a goodbye's text. Any other text is not an error,
// it says nothing.
func ParseReconnect(text []byte) (time.Duration, bool) {
	var t struct {
		MS *int64 `json:"reconnect_in_ms"`
	}
	const most = math.MaxInt64 / int64(time.Millisecond)
	if json.Unmarshal(text, &t) != nil || t.MS == nil || *t.MS < 0 || *t.MS > most {
		return 0, false
	}

	return time.Duration(*t.MS) * time.Millisecond, true
}

package wire

import (
	"encoding/json"
	"fmt"
)

// Hello is the payload of a client's first frame.
type Hello struct {
	Token  string `json:"token"`
	Client string `json:"client,omitempty"` // name/version of the program, for the server's logs
}

// Welcome is the payload of the server's answer to a hello that it accepts.
type Welcome struct {
	User        string `json:"user"`         // the user ID in the token
	Session     string `json:"session"`      // SID, 32 hex digits
	Node        string `json:"node"`         // which node this is
	HeartbeatMS int    `json:"heartbeat_ms"` // send something at least this often
	MaxMessage  int    `json:"max_message"`  // the longest message in bytes
	// TokenMS is how long the token is good for from now, in milliseconds; 0: for ever.
	TokenMS int64 `json:"token_expires_in_ms,omitempty"`
}

// Append appends the hello's payload.
func (h Hello) Append(dst []byte) []byte { return appendJSON(dst, h) }

// Append appends the welcome's payload.
func (w Welcome) Append(dst []byte) []byte { return appendJSON(dst, w) }

// ParseHello decodes a hello's payload. What it does not know in it, it leaves alone, so that
// clients of a later day can say more. The error is an ErrMalformedHello. A hello without a token
// is not malformed; it has none.
func ParseHello(payload []byte) (Hello, error) {
	var h Hello
	if err := json.Unmarshal(payload, &h); err != nil {
		return Hello{}, fmt.Errorf("%w: %v", ErrMalformedHello, err) //nolint:errorlint // json's types are no promise
	}

	return h, nil
}

// ParseWelcome decodes a welcome's payload. The error is an ErrMalformedWelcome.
func ParseWelcome(payload []byte) (Welcome, error) {
	var w Welcome
	if err := json.Unmarshal(payload, &w); err != nil {
		return Welcome{}, fmt.Errorf("%w: %v", ErrMalformedWelcome, err) //nolint:errorlint // as above
	}

	return w, nil
}

func appendJSON[T Hello | Welcome](dst []byte, v T) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("wire: strings and numbers became no JSON: " + err.Error())
	}

	return append(dst, b...)
}

package httpapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/parley-dm/parley/internal/strictjson"
	"github.com/parley-dm/parley/internal/tracing"
	"github.com/parley-dm/parley/wire"
)

// A message without ver and cmd is pushed as those of the built-in command 701 are, with the
// sender's ID: clients show it as a message.
const (
	defaultVer = wire.EngineVer
	defaultCmd = wire.CommandSend
)

// receipt is the answer to POST /v1/messages.
type receipt struct {
	Result string `json:"result"`
}

func (a *api) postMessage(w http.ResponseWriter, r *http.Request) {
	if !onlyParameters(w, r) {
		return
	}
	body, p := a.body(w, r)
	if p != nil {
		refuse(w, p)

		return
	}
	m, err := parseMessage(body)
	if err != nil {
		refuse(w, FromCode(wire.CodeMalformed, err.Error()))

		return
	}
	key := r.Header.Get("Idempotency-Key")
	if len(key) > maxKey {
		refuse(w, FromCode(wire.CodeMalformed, fmt.Sprintf("Idempotency-Key has %d bytes, at most %d are allowed", len(key), maxKey)))

		return
	}
	ctx := tracing.FromHeader(r.Context(), r.Header)
	got, again, err := a.sent.do(ctx, key, body, func(ctx context.Context) (wire.Receipt, error) { return a.backend.Send(ctx, m) })
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bodyTime)) // sending may have taken longer than the server's own
	if again {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	answer(w, receipt{got.Result.String()}, err)
}

// MaxBody bounds the body of a request, where messages have at most that many bytes.
func MaxBody(maxMessage int) int64 {
	return int64(base64.StdEncoding.EncodedLen(maxMessage))*escapes + restOfMessage
}

// body reads a request's body.
func (a *api) body(w http.ResponseWriter, r *http.Request) ([]byte, *Problem) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // a recorder has none
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody(a.backend.MaxMessage())))
	switch _, tooLong := errors.AsType[*http.MaxBytesError](err); {
	case tooLong:
		return nil, FromCode(wire.CodeTooLarge, fmt.Sprintf("a message has at most %d bytes", a.backend.MaxMessage()))
	case err != nil:
		return nil, FromCode(wire.CodeMalformed, "the body cannot be read: "+err.Error())
	}

	return body, nil
}

const (
	restOfMessage = 4 << 10 // for the other keys of the object, in bytes
	escapes       = 2       // JSON may write characters of a text longer than they are
)

// parseMessage reads the body of POST /v1/messages.
func parseMessage(body []byte) (Message, error) {
	fields, err := strictjson.Object(body, []string{"from", "to", "ver", "cmd", "text", "base64"})
	if err != nil {
		return Message{}, err
	}
	m := Message{Ver: defaultVer, Cmd: defaultCmd}
	var from, to, bodies int
	for _, f := range fields {
		switch f.Key {
		case "from":
			from++
			m.From, err = f.String()
		case "to":
			to++
			m.To, err = f.String()
		case "ver":
			var n int
			n, err = whole(f, math.MaxUint8)
			m.Ver = uint8(n)
		case "cmd":
			var n int
			n, err = whole(f, math.MaxUint16)
			m.Cmd = uint16(n)
		case "text":
			bodies++
			var text string
			text, err = f.String()
			m.Body = []byte(text)
		case "base64":
			bodies++
			m.Body, err = base64Of(f)
		}
		if err != nil {
			return Message{}, err
		}
	}
	switch {
	case from == 0:
		return Message{}, errors.New(`"from" is missing: the user ID in whose name the message is sent`)
	case to == 0:
		return Message{}, errors.New(`"to" is missing: the recipient's user ID`)
	case bodies != 1:
		return Message{}, errors.New(`give the message as "text" or as "base64", one of them`)
	}

	return m, nil
}

func whole(f strictjson.Field, most int) (int, error) {
	n, err := f.Int()
	if err != nil {
		return 0, err
	}
	if n < 0 || n > most {
		return 0, f.Refuse(fmt.Sprintf("is %d: from 0 to %d are allowed", n, most))
	}

	return n, nil
}

func base64Of(f strictjson.Field) ([]byte, error) {
	text, err := f.String()
	if err != nil {
		return nil, err
	}
	body, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, f.Refuse("is no base64 (RFC 4648, section 4)")
	}

	return body, nil
}

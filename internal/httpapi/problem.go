package httpapi

import (
	"encoding/json"
	"net/http"

	"github.com/parley-dm/parley/wire"
)

// Problem is an error of the API, as RFC 9457 has them.
type Problem struct { //nolint:errname // that is what RFC 9457 calls it
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	// Code is the wire's code of the error; 0: it has none.
	Code wire.Code `json:"code,omitempty"`
}

// Error is the detail.
func (p *Problem) Error() string { return p.Detail }

// problem makes an error that has no code of the wire.
func problem(status int, detail string) *Problem {
	return &Problem{Status: status, Title: http.StatusText(status), Detail: detail}
}

// FromCode makes the problem of a message that could not be sent.
func FromCode(code wire.Code, detail string) *Problem {
	p := problem(statusOf(code), detail)
	p.Code, p.Title = code, code.String()

	return p
}

// Unreachable is the problem of a node that did not answer.
func Unreachable(detail string) *Problem {
	p := problem(http.StatusGatewayTimeout, detail)
	p.Code = wire.CodeTimeout

	return p
}

func statusOf(code wire.Code) int {
	switch code {
	case wire.CodeMalformed, wire.CodeUnknownCommand, wire.CodeMessageNil:
		return http.StatusBadRequest
	case wire.CodeNotAllowed:
		return http.StatusForbidden
	case wire.CodeUserNotFound:
		return http.StatusNotFound
	case wire.CodeRecipientBusy:
		return http.StatusConflict
	case wire.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case wire.CodeRateLimit, wire.CodeOverloaded:
		return http.StatusTooManyRequests
	case wire.CodeNodesNotFound:
		return http.StatusServiceUnavailable
	case wire.CodeTimeout:
		return http.StatusGatewayTimeout
	case wire.CodeInternal:
	}

	return http.StatusInternalServerError
}

// refuse answers with a problem.
func refuse(w http.ResponseWriter, p *Problem) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		h.Set("Retry-After", comeBackAfter)
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(p.Status)
	writeJSON(w, p)
}

// reply answers with JSON.
func reply(w http.ResponseWriter, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	writeJSON(w, v)
}

func writeJSON(w http.ResponseWriter, v any) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) //nolint:errchkjson // all of them can be encoded; the client may have gone
}

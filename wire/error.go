package wire

import (
	"errors"
	"strings"
)

// Error is a request or a message that failed: what packages dm and client return, and what a
// response with status 4 or 5 carries. Test with errors.Is against the Err variables of package dm
// or client, or compare [CodeOf].
type Error struct {
	Code   Code   // 0: an application's handler answered in bytes of its own
	UserID string // the user that the message was for; "" if the error is not about one
	Text   string // details, in words; with Code 0 the handler's bytes
	Status Status // of the response; 0: the request has not left, or there was none
}

// Error is the code in words, the user ID and the text.
func (e *Error) Error() string {
	what := e.Code.String()
	if e.Code == 0 {
		what = "request failed with " + e.Status.String()
	}
	text := what
	switch {
	case e.Text == "":
	case strings.Contains(strings.ToLower(e.Text), what):
		text = e.Text // it has the same words
	default:
		text = what + ": " + e.Text
	}
	if e.UserID != "" && !strings.Contains(text, e.UserID) {
		return "message to " + e.UserID + ": " + text
	}

	return text
}

// Is makes errors.Is match the errors of one code. A target with a text matches errors with that
// text only.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)

	return ok && t.Code != 0 && t.Code == e.Code && (t.Text == "" || t.Text == e.Text)
}

// CodeOf is the code of the first [*Error] in err's tree; 0 if there is none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}

	return 0
}

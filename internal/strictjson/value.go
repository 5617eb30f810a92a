package strictjson

import (
	"bytes"
	"encoding/json"
	"time"
)

// String reads the value as a string.
func (f Field) String() (string, error) {
	var s *string
	if json.Unmarshal(f.Raw, &s) != nil || s == nil {
		return "", f.wrong(`a string, such as "…"`)
	}

	return *s, nil
}

// Bool reads the value as true or false.
func (f Field) Bool() (bool, error) {
	var b *bool
	if json.Unmarshal(f.Raw, &b) != nil || b == nil {
		return false, f.wrong("true or false")
	}

	return *b, nil
}

// Int reads the value as a whole number.
func (f Field) Int() (int, error) {
	var n *int
	if json.Unmarshal(f.Raw, &n) != nil || n == nil {
		return 0, f.wrong("a whole number")
	}

	return *n, nil
}

// Float reads the value as a number.
func (f Field) Float() (float64, error) {
	var n *float64
	if json.Unmarshal(f.Raw, &n) != nil || n == nil {
		return 0, f.wrong("a number")
	}

	return *n, nil
}

// Duration reads the value as a string such as "1m30s".
func (f Field) Duration() (time.Duration, error) {
	var s *string
	if json.Unmarshal(f.Raw, &s) == nil && s != nil {
		if d, err := time.ParseDuration(*s); err == nil {
			return d, nil
		}
	}

	return 0, f.wrong(`a duration with its unit, such as "3s" or "30m"`)
}

// Strings reads the value as an array of strings.
func (f Field) Strings() ([]string, error) {
	var list []*string
	err := json.Unmarshal(f.Raw, &list)
	if err != nil || list == nil {
		return nil, f.wrong(`an array of strings, such as ["…", "…"]`)
	}
	out := make([]string, 0, len(list))
	for _, s := range list {
		if s == nil {
			return nil, f.wrong(`an array of strings, such as ["…", "…"]`)
		}
		out = append(out, *s)
	}

	return out, nil
}

// Object checks that the value is an object, and returns it behind as many line feeds as make its
// lines count as the file's do.
func (f Field) Object() (json.RawMessage, error) {
	if !bytes.HasPrefix(f.Raw, []byte("{")) {
		return nil, f.wrong("an object, such as {}")
	}
	padded := bytes.Repeat([]byte("\n"), f.Line-1)

	return append(padded, f.Raw...), nil
}

// Refuse says what is wrong with the value.
func (f Field) Refuse(what string) *Error { return errorAt(f.Line, "%q %s", f.Key, what) }

// wrong says that the value should be of another type. It does not show the value: that may be a
// secret.
func (f Field) wrong(want string) *Error { return errorAt(f.Line, "%q must be %s", f.Key, want) }

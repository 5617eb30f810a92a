package auth

import (
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a JSON document, and with it the recursion of walker.
const maxDepth = 64

var errObject = errors.New("not a JSON object with distinct names of valid text, nested at most 64 deep")

// readObject calls visit for each member of the JSON object in doc, in order. Names match exactly:
// encoding/json would match them whatever their case, take the last of two equal names and replace
// lone surrogates. Two members of one name are an error, also where the names are spelled with
// different escapes and in nested objects. The text of values is the caller's to check.
func readObject(doc []byte, visit func(name string, value []byte)) error {
	if !json.Valid(doc) {
		return errObject
	}
	w := walker{doc: doc}
	w.space()
	if w.doc[w.pos] != '{' || !w.object(0, visit) {
		return errObject
	}

	return nil
}

// walker steps through a document that json.Valid has accepted: the bounds of doc need no checks.
type walker struct {
	doc []byte
	pos int
}

func (w *walker) space() {
	for w.pos < len(w.doc) {
		switch w.doc[w.pos] {
		case ' ', '\t', '\r', '\n':
			w.pos++
		default:
			return
		}
	}
}

// value moves behind a value and tells whether the value is acceptable.
func (w *walker) value(depth int) bool {
	switch w.doc[w.pos] {
	case '{':
		return w.object(depth, func(string, []byte) {})
	case '[':
		return w.array(depth)
	case '"':
		w.text()
	default:
		w.scalar()
	}

	return true
}

func (w *walker) object(depth int, visit func(name string, value []byte)) bool {
	if depth >= maxDepth {
		return false
	}
	seen := map[string]struct{}{}
	w.pos++
	for w.space(); w.doc[w.pos] != '}'; w.space() {
		if w.doc[w.pos] == ',' {
			w.pos++
			w.space()
		}
		name, ok := decodeText(w.text())
		if _, twice := seen[name]; !ok || twice {
			return false
		}
		seen[name] = struct{}{}
		w.space()
		w.pos++ // the colon
		w.space()
		start := w.pos
		if !w.value(depth + 1) {
			return false
		}
		visit(name, w.doc[start:w.pos])
	}
	w.pos++

	return true
}

func (w *walker) array(depth int) bool {
	if depth >= maxDepth {
		return false
	}
	w.pos++
	for w.space(); w.doc[w.pos] != ']'; w.space() {
		if w.doc[w.pos] == ',' {
			w.pos++
			w.space()
		}
		if !w.value(depth + 1) {
			return false
		}
	}
	w.pos++

	return true
}

// text moves behind a string and returns it with its quotes.
func (w *walker) text() []byte {
	start := w.pos
	for w.pos++; w.doc[w.pos] != '"'; w.pos++ {
		if w.doc[w.pos] == '\\' {
			w.pos++
		}
	}
	w.pos++

	return w.doc[start:w.pos]
}

// scalar moves behind a number, true, false or null.
func (w *walker) scalar() {
	for w.pos < len(w.doc) {
		switch w.doc[w.pos] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			return
		}
		w.pos++
	}
}

// decodeText returns the text of a JSON string; ok is false for any other value, for invalid UTF-8
// and for lone surrogates, all of which encoding/json replaces by U+FFFD.
func decodeText(raw []byte) (text string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' || !utf8.Valid(raw) || hasLoneSurrogate(raw) {
		return "", false
	}
	err := json.Unmarshal(raw, &text)

	return text, err == nil
}

// hasLoneSurrogate tells whether the JSON string has an escape of one half of a surrogate pair.
func hasLoneSurrogate(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		switch unit := escapedUnit(raw, i-1); {
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return true
		case unit >= 0xD800 && unit <= 0xDBFF:
			const escape = len(`uXXXX`)
			if low := escapedUnit(raw, i+escape); low < 0xDC00 || low > 0xDFFF {
				return true
			}
			i += escape + 1 // the second escape's u
		}
	}

	return false
}

// escapedUnit returns the UTF-16 unit of the \uXXXX at pos, 0 if there is none.
func escapedUnit(raw []byte, pos int) uint64 {
	const length = len(`\uXXXX`)
	if pos+length > len(raw) || raw[pos] != '\\' || raw[pos+1] != 'u' {
		return 0
	}
	unit, _ := strconv.ParseUint(string(raw[pos+2:pos+length]), 16, 16) // 0 for what is no hex

	return unit
}

package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// Field is one key of an object, with its value as it stands in the file.
type Field struct {
	Key  string
	Line int // where the value begins, counted from 1
	Raw  json.RawMessage
}

// Object reads one JSON object whose keys must all be among valid, each at most once. Its errors
// are of type *Error.
func Object(data []byte, valid []string) ([]Field, error) {
	return read(data, func(key string) bool { return slices.Contains(valid, key) }, valid)
}

// Members reads one JSON object whose keys are names that the file gives, each at most once. Its
// errors are of type *Error.
func Members(data []byte) ([]Field, error) {
	return read(data, func(string) bool { return true }, nil)
}

func read(data []byte, known func(key string) bool, valid []string) ([]Field, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := open(dec, data); err != nil {
		return nil, err
	}
	var fields []Field
	for dec.More() {
		field, err := next(dec, data)
		if err != nil {
			return nil, err
		}
		if !known(field.Key) {
			return nil, &Error{Line: field.Line, Text: Unknown("key", field.Key, valid)}
		}
		if slices.ContainsFunc(fields, func(f Field) bool { return f.Key == field.Key }) {
			return nil, errorAt(field.Line, "the key %q is there twice: keep one", field.Key)
		}
		fields = append(fields, field)
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, broken(data, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errorAt(lineAt(data, dec.InputOffset()), "something follows the closing brace: the file must be one JSON object")
	}

	return fields, nil
}

func open(dec *json.Decoder, data []byte) error {
	switch token, err := dec.Token(); {
	case errors.Is(err, io.EOF):
		return errorAt(1, "it is empty: the least is {}")
	case err != nil:
		return broken(data, err)
	case token != json.Delim('{'):
		return errorAt(lineAt(data, dec.InputOffset()), "it is no JSON object: it must begin with {")
	}

	return nil
}

func next(dec *json.Decoder, data []byte) (Field, error) {
	token, err := dec.Token()
	if err != nil {
		return Field{}, broken(data, err)
	}
	key, _ := token.(string) // a key of an object is always a string: the decoder refuses others
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return Field{}, broken(data, err)
	}

	return Field{Key: key, Line: lineAt(data, dec.InputOffset()-int64(len(raw))), Raw: raw}, nil
}

// broken says where the JSON breaks. It reads once more: what a Decoder says of the place is not
// the same for every kind of mistake.
func broken(data []byte, err error) *Error {
	if ends := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); ends {
		return errorAt(lineAt(data, int64(len(data))), "it is no JSON: it ends in the middle")
	}
	var (
		whole  json.RawMessage
		syntax *json.SyntaxError
	)
	if errors.As(json.Unmarshal(data, &whole), &syntax) {
		return errorAt(lineAt(data, syntax.Offset-1), "it is no JSON: %s", syntax)
	}

	return errorAt(1, "it is no JSON: %s", err)
}

package user

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/parley-dm/parley/internal/session"
	"github.com/parley-dm/parley/internal/value"
)

// Packed data are pairs of key and item, each with its length before it, in the order of their
// keys. Numbers are varints. An item is one of:
//
//	0                                               nil
//	1 | value (see package value)                   a plain value, or a slice
//	2 | n u8 | name | what the codec makes          a registered type
//	3 | n | zero | count | { n | key | n | value }  a map[string]T; zero is T's zero value
//	4 | count | { n | key | n | item }              a map[string]any
//	5 | count | { n | item }                        a []any
//
// One that begins otherwise is of a newer version: it is left behind.
const (
	formNil byte = iota
	formValue
	formType
	formMap
	formAnyMap
	formAnySlice
)

// maxDepth bounds maps and slices in each other.
const maxDepth = 16

var (
	errNotPortable = errors.New("values of this type do not go along: give it to user.RegisterType")
	errTooDeep     = errors.New("it holds itself, or too many maps and slices in each other")
	errNoRoom      = fmt.Errorf("the data of a user may have %d bytes", MaxMovedBytes)
	errBusy        = errors.New("it cannot be done at once")
)

// pack encodes the data of the user that can go along. Of what does not fit into MaxMovedBytes the
// keys that come last are left behind. With mayBlock false it neither waits for the user's lock nor
// runs functions of the program: then ok may be false.
func (u *User) pack(mayBlock bool) (packed []byte, left []session.LeftBehind, ok bool) {
	if mayBlock {
		u.mu.Lock()
	} else if !u.mu.TryLock() {
		return nil, nil, false
	}
	defer u.mu.Unlock()
	p := packer{mayCall: mayBlock}
	for _, key := range slices.Sorted(maps.Keys(u.data)) {
		v := u.data[key]
		item, err := p.encode(v)
		if errors.Is(err, errBusy) {
			return nil, nil, false
		}
		entry := len(packed)
		if err == nil {
			packed = appendText(appendText(packed, key), string(item))
			if len(packed) > MaxMovedBytes {
				err = errNoRoom
			}
		}
		if err != nil {
			packed = packed[:entry]
			left = append(left, session.LeftBehind{Key: key, Type: fmt.Sprintf("%T", v), Err: err})
		}
	}

	return packed, left, true
}

// packer encodes values.
type packer struct {
	mayCall bool // functions of the program
	depth   int
}

// encode encodes an item. A panic of a function of the program is an error.
func (p *packer) encode(v any) (item []byte, err error) {
	defer func() {
		if e := recover(); e != nil {
			item, err = nil, fmt.Errorf("encoding it panicked: %v", e)
		}
	}()
	p.depth = 0

	return p.item(nil, v)
}

func (p *packer) item(b []byte, v any) ([]byte, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return nil, errTooDeep
	}
	switch v := v.(type) {
	case nil:
		return append(b, formNil), nil
	case value.List:
		return nil, errNotPortable
	case map[string]any:
		return p.anyMap(b, v)
	case []any:
		return p.anySlice(b, v)
	}
	if encoded, err := value.Encode(append(b, formValue), v); err == nil {
		return encoded, nil
	}
	t := reflect.TypeOf(v)
	if c := codecs.ofType(t); c != nil {
		if !c.ours && !p.mayCall {
			return nil, errBusy
		}
		encoded, err := c.encode(v)
		if err != nil {
			return nil, fmt.Errorf("encoding it as %q: %w", c.name, err)
		}

		return append(append(append(b, formType, byte(len(c.name))), c.name...), encoded...), nil
	}
	if zero, ok := zeroElement(t); ok {
		return plainMap(b, reflect.ValueOf(v), zero)
	}

	return nil, errNotPortable
}

func (p *packer) anyMap(b []byte, m map[string]any) ([]byte, error) {
	b = binary.AppendUvarint(append(b, formAnyMap), uint64(len(m)))
	for _, key := range slices.Sorted(maps.Keys(m)) {
		item, err := p.item(nil, m[key])
		if err != nil {
			return nil, fmt.Errorf("%q in it, of type %T: %w", key, m[key], err)
		}
		b = appendText(appendText(b, key), string(item))
	}

	return b, nil
}

func (p *packer) anySlice(b []byte, s []any) ([]byte, error) {
	b = binary.AppendUvarint(append(b, formAnySlice), uint64(len(s)))
	for i, v := range s {
		item, err := p.item(nil, v)
		if err != nil {
			return nil, fmt.Errorf("element %d of it, of type %T: %w", i, v, err)
		}
		b = appendText(b, string(item))
	}

	return b, nil
}

// plainMap encodes a map whose elements are plain values.
func plainMap(b []byte, m reflect.Value, zero []byte) ([]byte, error) {
	b = appendText(append(b, formMap), string(zero))
	b = binary.AppendUvarint(b, uint64(m.Len()))
	keys := m.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int {
		if x.String() < y.String() {
			return -1
		}

		return 1
	})
	for _, key := range keys {
		element, err := value.Encode(nil, m.MapIndex(key).Interface())
		if err != nil {
			return nil, err
		}
		b = appendText(appendText(b, key.String()), string(element))
	}

	return b, nil
}

// zeroElement is the encoded zero value of the elements of a map[string]T, if T is plain.
func zeroElement(t reflect.Type) ([]byte, bool) {
	if t.Kind() != reflect.Map || t != reflect.MapOf(reflect.TypeFor[string](), t.Elem()) || t.Elem() == reflect.TypeFor[value.List]() {
		return nil, false
	}
	zero, err := value.Encode(nil, reflect.Zero(t.Elem()).Interface())

	return zero, err == nil
}

// plain reports whether values of that type go along by themselves.
func plain(t reflect.Type) bool {
	_, isMap := zeroElement(t)
	_, err := value.Encode(nil, reflect.Zero(t).Interface())

	return isMap || err == nil || t == reflect.TypeFor[map[string]any]() || t == reflect.TypeFor[[]any]()
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

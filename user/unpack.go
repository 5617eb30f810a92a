package user

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"

	"github.com/parley-dm/parley/internal/session"
	"github.com/parley-dm/parley/internal/value"
)

var (
	errDamaged   = errors.New("bytes that are no packed data")
	errForm      = errors.New("this node's version does not know its form")
	errNotKnown  = errors.New("its type has not been given to user.RegisterType on this node")
	errBadPacked = fmt.Errorf("%w: the rest is left behind", errDamaged)
)

// unpack takes over packed data of an older session. What the user has under a key already stays.
func (u *User) unpack(packed []byte) (left []session.LeftBehind) {
	r := unpacker{b: packed}
	for len(r.b) > 0 {
		key := string(r.text())
		item := r.text()
		if r.bad {
			return append(left, session.LeftBehind{Key: key, Err: errBadPacked})
		}
		v, err := decode(item)
		if err != nil {
			left = append(left, session.LeftBehind{Key: key, Err: err})

			continue
		}
		u.mu.Lock()
		if _, has := u.data[key]; !has {
			u.set(key, v)
		}
		u.mu.Unlock()
	}

	return left
}

// decode decodes an item. A panic of a function of the program is an error.
func decode(item []byte) (v any, err error) {
	defer func() {
		if e := recover(); e != nil {
			v, err = nil, fmt.Errorf("decoding it panicked: %v", e)
		}
	}()

	return decodeItem(item, 0)
}

func decodeItem(b []byte, depth int) (any, error) {
	if len(b) == 0 {
		return nil, errDamaged
	}
	depth++
	if depth > maxDepth {
		return nil, errTooDeep
	}
	r := unpacker{b: b[1:]}
	switch b[0] {
	case formNil:
		if len(r.b) > 0 {
			return nil, errDamaged
		}

		return nil, nil //nolint:nilnil // that is the value
	case formValue:
		return decodeValue(r.b)
	case formType:
		return r.registered()
	case formMap:
		return r.plainMap()
	case formAnyMap:
		m := make(map[string]any)
		err := r.pairs(func(key string, element []byte) (err error) {
			m[key], err = decodeItem(element, depth)

			return err
		})

		return m, err
	case formAnySlice:
		s := make([]any, 0)
		err := r.elements(func(element []byte) error {
			v, err := decodeItem(element, depth)
			s = append(s, v)

			return err
		})

		return s, err
	}

	return nil, errForm
}

// decodeValue decodes a value, which may not be a list of a storage.
func decodeValue(b []byte) (any, error) {
	v, err := value.Decode(b)
	if _, ok := v.(value.List); ok {
		return nil, errDamaged
	}

	return v, err
}

// unpacker takes fields off the front. Once one is missing it is bad.
type unpacker struct {
	b   []byte
	bad bool
}

func (r *unpacker) uvarint() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.b, r.bad = nil, true

		return 0
	}
	r.b = r.b[size:]

	return n
}

func (r *unpacker) text() []byte {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.b, r.bad = nil, true
	}
	if r.bad {
		return nil
	}
	text := r.b[:n]
	r.b = r.b[n:]

	return text
}

// elements calls f for so many texts as the number before them says.
func (r *unpacker) elements(f func([]byte) error) error {
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		if element := r.text(); !r.bad {
			if err := f(element); err != nil {
				return err
			}
		}
	}
	if r.bad || len(r.b) > 0 {
		return errDamaged
	}

	return nil
}

// pairs is elements with a key before each.
func (r *unpacker) pairs(f func(key string, element []byte) error) error {
	for n := r.uvarint(); n > 0 && !r.bad; n-- {
		key := string(r.text())
		if element := r.text(); !r.bad {
			if err := f(key, element); err != nil {
				return fmt.Errorf("%q in it: %w", key, err)
			}
		}
	}
	if r.bad || len(r.b) > 0 {
		return errDamaged
	}

	return nil
}

func (r *unpacker) registered() (any, error) {
	if len(r.b) == 0 || len(r.b) < 1+int(r.b[0]) {
		return nil, errDamaged
	}
	name, encoded := string(r.b[1:1+int(r.b[0])]), r.b[1+int(r.b[0]):]
	c := codecs.ofName(name)
	if c == nil {
		return nil, fmt.Errorf("%q: %w", name, errNotKnown)
	}
	v, err := c.decode(append([]byte(nil), encoded...))
	if err != nil {
		return nil, fmt.Errorf("decoding it as %q: %w", name, err)
	}

	return v, nil
}

func (r *unpacker) plainMap() (any, error) {
	zero, err := decodeValue(r.text())
	if err != nil {
		return nil, err
	}
	t := reflect.TypeOf(zero)
	m := reflect.MakeMap(reflect.MapOf(reflect.TypeFor[string](), t))
	err = r.pairs(func(key string, element []byte) error {
		v, err := decodeValue(element)
		if err != nil {
			return err
		}
		if reflect.TypeOf(v) != t {
			return errDamaged
		}
		m.SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(v))

		return nil
	})

	return m.Interface(), err
}

package value

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
)

// ErrDamaged means that bytes are no encoded value: another version, or another program, has
// written them.
var ErrDamaged = errors.New("bytes that are no encoded value")

// Decode reads the whole of b, and shares no memory with it, but for the elements of a [List].
func Decode(b []byte) (any, error) {
	r := reader{left: b}
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	if len(r.left) > 0 {
		return nil, fmt.Errorf("%w: %d bytes follow the value", ErrDamaged, len(r.left))
	}

	return v, nil
}

type reader struct{ left []byte }

func (r *reader) value() (any, error) {
	first, err := r.take(1)
	if err != nil {
		return nil, err
	}
	k := kind(first[0])
	if k == kindList {
		return r.list()
	}
	switch k { // the usual ones, without reflection
	case kindString:
		n, err := r.uvarint()
		if err != nil {
			return nil, err
		}
		b, err := r.take(n)

		return string(b), err
	case kindInt64:
		n, size := binary.Varint(r.left)
		if size <= 0 {
			return nil, fmt.Errorf("%w: no int64", ErrDamaged)
		}
		r.left = r.left[size:]

		return n, nil
	}
	t, known := scalars[k&^sliceFlag]
	if !known || k == kindUint8|sliceFlag {
		return nil, fmt.Errorf("%w: unknown kind %#x", ErrDamaged, byte(k))
	}
	if k&sliceFlag == 0 {
		out := reflect.New(t).Elem()
		err := r.scalar(k, out)

		return out.Interface(), err
	}
	n, err := r.count()
	if err != nil {
		return nil, err
	}
	out := reflect.MakeSlice(reflect.SliceOf(t), n, n)
	for i := range n {
		if err := r.scalar(k&^sliceFlag, out.Index(i)); err != nil {
			return nil, err
		}
	}

	return out.Interface(), nil
}

func (r *reader) list() (any, error) {
	n, err := r.count()
	if err != nil {
		return nil, err
	}
	list := make(List, n)
	for i := range list {
		size, err := r.uvarint()
		if err != nil {
			return nil, err
		}
		if list[i], err = r.take(size); err != nil {
			return nil, err
		}
	}

	return list, nil
}

func (r *reader) scalar(k kind, out reflect.Value) error {
	switch k {
	case kindBool:
		b, err := r.take(1)
		if err != nil {
			return err
		}
		if b[0] > 1 {
			return fmt.Errorf("%w: a bool of %d", ErrDamaged, b[0])
		}
		out.SetBool(b[0] == 1)
	case kindInt, kindInt8, kindInt16, kindInt32, kindInt64:
		n, size := binary.Varint(r.left)
		if size <= 0 || out.OverflowInt(n) {
			return fmt.Errorf("%w: no %s", ErrDamaged, out.Type())
		}
		r.left = r.left[size:]
		out.SetInt(n)
	case kindFloat32:
		b, err := r.take(4)
		if err != nil {
			return err
		}
		out.SetFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(b))))
	case kindFloat64:
		b, err := r.take(8)
		if err != nil {
			return err
		}
		out.SetFloat(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case kindString, kindBytes:
		return r.text(k, out)
	default:
		n, err := r.uvarint()
		if err != nil || out.OverflowUint(n) {
			return fmt.Errorf("%w: no %s", ErrDamaged, out.Type())
		}
		out.SetUint(n)
	}

	return nil
}

func (r *reader) text(k kind, out reflect.Value) error {
	n, err := r.uvarint()
	if err != nil {
		return err
	}
	b, err := r.take(n)
	if err != nil {
		return err
	}
	if k == kindString {
		out.SetString(string(b))
	} else {
		out.SetBytes(append([]byte{}, b...))
	}

	return nil
}

func (r *reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.left)) {
		return nil, fmt.Errorf("%w: it ends in the middle", ErrDamaged)
	}
	b := r.left[:n:n]
	r.left = r.left[n:]

	return b, nil
}

func (r *reader) uvarint() (uint64, error) {
	n, size := binary.Uvarint(r.left)
	if size <= 0 {
		return 0, fmt.Errorf("%w: it has no length", ErrDamaged)
	}
	r.left = r.left[size:]

	return n, nil
}

// count is a number of elements: each has at least a byte, which bounds what is allocated.
func (r *reader) count() (int, error) {
	n, err := r.uvarint()
	if err != nil {
		return 0, err
	}
	if n > uint64(len(r.left)) {
		return 0, fmt.Errorf("%w: %d elements in %d bytes", ErrDamaged, n, len(r.left))
	}

	return int(n), nil
}

package dive

import (
	"reflect"

	"github.com/parley-dm/parley/internal/value"
)

// Result is what an operation has found: a value, or why there is none. Its methods convert the
// value where nothing of it is lost: an integer to any integer type that can hold it, a float to
// the other float type if it is exact, slices and lists element by element. Everything else is an
// error that names the key, the kind held and the kind asked for, and is [ErrKind].
type Result struct {
	op, storage, key string
	held             any
	err              error
}

// Types are the types of values that a storage keeps.
type Types interface {
	bool | int | int8 | int16 | int32 | int64 | uint | uint8 | uint16 | uint32 | uint64 | float32 | float64 | string |
		[]byte | []bool | []int | []int8 | []int16 | []int32 | []int64 | []uint | []uint16 | []uint32 | []uint64 |
		[]float32 | []float64 | []string | [][]byte
}

// Value is the result as a value of type T.
func Value[T Types](r *Result) (T, error) { return as[T](r) }

func as[T any](r *Result) (out T, err error) {
	if r.err != nil {
		return out, r.err
	}
	if v, ok := r.held.(T); ok {
		return v, nil
	}
	v, err := value.Convert(r.held, reflect.TypeFor[T]())
	if err != nil {
		return out, &Error{Op: r.op, Storage: r.storage, Key: r.key, Err: newKindError(r.held, value.TypeName(reflect.TypeFor[T]()), err)}
	}
	out, _ = reflect.TypeAssert[T](v)

	return out, nil
}

// Err is why there is no value; nil if there is one.
func (r *Result) Err() error { return r.err }

// Key is the key that the value was found under.
func (r *Result) Key() string { return r.key }

// ToInterface is the value as it was given to the storage; a list is a []any.
func (r *Result) ToInterface() (any, error) {
	if _, ok := r.held.(value.List); ok {
		return as[[]any](r)
	}

	return r.held, r.err
}

// ToBool is the value as a bool.
func (r *Result) ToBool() (bool, error) { return as[bool](r) }

// ToString is the value as a string.
func (r *Result) ToString() (string, error) { return as[string](r) }

// ToBytes is the value as a []byte.
func (r *Result) ToBytes() ([]byte, error) { return as[[]byte](r) }

// ToInt is the value as an int.
func (r *Result) ToInt() (int, error) { return as[int](r) }

// ToInt8 is the value as an int8.
func (r *Result) ToInt8() (int8, error) { return as[int8](r) }

// ToInt16 is the value as an int16.
func (r *Result) ToInt16() (int16, error) { return as[int16](r) }

// ToInt32 is the value as an int32.
func (r *Result) ToInt32() (int32, error) { return as[int32](r) }

// ToInt64 is the value as an int64.
func (r *Result) ToInt64() (int64, error) { return as[int64](r) }

// ToUint is the value as a uint.
func (r *Result) ToUint() (uint, error) { return as[uint](r) }

// ToUint8 is the value as a uint8.
func (r *Result) ToUint8() (uint8, error) { return as[uint8](r) }

// ToUint16 is the value as a uint16.
func (r *Result) ToUint16() (uint16, error) { return as[uint16](r) }

// ToUint32 is the value as a uint32.
func (r *Result) ToUint32() (uint32, error) { return as[uint32](r) }

// ToUint64 is the value as a uint64.
func (r *Result) ToUint64() (uint64, error) { return as[uint64](r) }

// ToFloat32 is the value as a float32.
func (r *Result) ToFloat32() (float32, error) { return as[float32](r) }

// ToFloat64 is the value as a float64.
func (r *Result) ToFloat64() (float64, error) { return as[float64](r) }

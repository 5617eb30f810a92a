package value

import (
	"reflect"
)

// kind is the first byte of an encoded value.
type kind byte

const (
	kindBool kind = 1 + iota
	kindInt
	kindInt8
	kindInt16
	kindInt32
	kindInt64
	kindUint
	kindUint8
	kindUint16
	kindUint32
	kindUint64
	kindFloat32
	kindFloat64
	kindString
	kindBytes

	sliceFlag kind = 0x20 // a slice of the kind in the lower bits
	kindList  kind = 0x40
)

// scalars holds the Go type of each scalar kind.
var scalars = map[kind]reflect.Type{
	kindBool:    reflect.TypeFor[bool](),
	kindInt:     reflect.TypeFor[int](),
	kindInt8:    reflect.TypeFor[int8](),
	kindInt16:   reflect.TypeFor[int16](),
	kindInt32:   reflect.TypeFor[int32](),
	kindInt64:   reflect.TypeFor[int64](),
	kindUint:    reflect.TypeFor[uint](),
	kindUint8:   reflect.TypeFor[uint8](),
	kindUint16:  reflect.TypeFor[uint16](),
	kindUint32:  reflect.TypeFor[uint32](),
	kindUint64:  reflect.TypeFor[uint64](),
	kindFloat32: reflect.TypeFor[float32](),
	kindFloat64: reflect.TypeFor[float64](),
	kindString:  reflect.TypeFor[string](),
	kindBytes:   reflect.TypeFor[[]byte](),
}

// kinds is the kind of each type that can be encoded. A slice of uint8 is kindBytes.
var kinds = func() map[reflect.Type]kind {
	all := make(map[reflect.Type]kind, 2*len(scalars))
	for k, t := range scalars {
		if k != kindUint8 {
			all[reflect.SliceOf(t)] = k | sliceFlag
		}
	}
	for k, t := range scalars {
		all[t] = k
	}
	all[reflect.TypeFor[List]()] = kindList

	return all
}()

// List holds the encoded elements of a key that is pushed to and popped from.
type List [][]byte

// Name is how errors call the kind of a value: its Go type, or "list".
func Name(v any) string {
	if _, ok := v.(List); ok {
		return "list"
	}

	return TypeName(reflect.TypeOf(v))
}

// TypeName is [Name] for a type.
func TypeName(t reflect.Type) string {
	if t == reflect.TypeFor[List]() {
		return "list"
	}
	if t == reflect.TypeFor[[]byte]() {
		return "[]byte"
	}

	return t.String()
}

package value

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
)

// ErrType means that a value is of a type that is not encoded.
var ErrType = errors.New("value of a type that is not kept")

// ErrKind means that a value cannot be had as the type that was asked for.
var ErrKind = errors.New("another kind")

// Encode appends the encoded value to b.
func Encode(b []byte, v any) ([]byte, error) {
	if v == nil {
		return nil, fmt.Errorf("%w: nil: give a bool, number, string, []byte, or a slice of them", ErrType)
	}
	switch v := v.(type) { // the usual ones, without reflection
	case string:
		return append(binary.AppendUvarint(append(b, byte(kindString)), uint64(len(v))), v...), nil
	case int:
		return binary.AppendVarint(append(b, byte(kindInt)), int64(v)), nil
	case int64:
		return binary.AppendVarint(append(b, byte(kindInt64)), v), nil
	case List:
		return appendList(b, v), nil
	}
	rv := reflect.ValueOf(v)
	k, ok := kinds[rv.Type()]
	if !ok {
		return nil, fmt.Errorf("%w: %T: give a bool, number, string, []byte, or a slice of them", ErrType, v)
	}
	b = append(b, byte(k))
	if k&sliceFlag == 0 {
		return appendScalar(b, k, rv), nil
	}
	b = binary.AppendUvarint(b, uint64(rv.Len()))
	for i := range rv.Len() {
		b = appendScalar(b, k&^sliceFlag, rv.Index(i))
	}

	return b, nil
}

func appendScalar(b []byte, k kind, v reflect.Value) []byte {
	switch k {
	case kindBool:
		if v.Bool() {
			return append(b, 1)
		}

		return append(b, 0)
	case kindInt, kindInt8, kindInt16, kindInt32, kindInt64:
		return binary.AppendVarint(b, v.Int())
	case kindFloat32:
		return binary.BigEndian.AppendUint32(b, math.Float32bits(float32(v.Float())))
	case kindFloat64:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(v.Float()))
	case kindString:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.String()...)
	case kindBytes:
		return append(binary.AppendUvarint(b, uint64(v.Len())), v.Bytes()...)
	default:
		return binary.AppendUvarint(b, v.Uint())
	}
}

func appendList(b []byte, list List) []byte {
	b = append(b, byte(kindList))
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, e := range list {
		b = append(binary.AppendUvarint(b, uint64(len(e))), e...)
	}

	return b
}

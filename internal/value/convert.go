package value

import (
	"fmt"
	"math"
	"reflect"
)

// Convert returns v as a value of type to, if nothing of it is lost: an integer as another integer
// type that can hold it, a float as the other float type if it is exact, a slice or list element by
// element. The error says why not.
func Convert(v any, to reflect.Type) (reflect.Value, error) {
	if list, ok := v.(List); ok && to.Kind() == reflect.Slice && to != reflect.TypeFor[[]byte]() {
		return convertList(list, to)
	}
	from := reflect.ValueOf(v)
	if from.Type() == to {
		return from, nil
	}
	if from.Kind() == reflect.Slice && to.Kind() == reflect.Slice && from.Type() != reflect.TypeFor[List]() {
		out := reflect.MakeSlice(to, from.Len(), from.Len())
		for i := range from.Len() {
			if err := set(out.Index(i), from.Index(i)); err != nil {
				return reflect.Value{}, err
			}
		}

		return out, nil
	}
	out := reflect.New(to).Elem()

	return out, set(out, from)
}

func convertList(list List, to reflect.Type) (reflect.Value, error) {
	out := reflect.MakeSlice(to, len(list), len(list))
	for i, encoded := range list {
		e, err := Decode(encoded)
		if err != nil {
			return reflect.Value{}, err
		}
		if err := set(out.Index(i), reflect.ValueOf(e)); err != nil {
			return reflect.Value{}, fmt.Errorf("element %d is %s: %w", i, Name(e), err)
		}
	}

	return out, nil
}

// set sets out to what from holds, if nothing is lost.
func set(out, from reflect.Value) error {
	var fits bool
	switch {
	case from.Type() == out.Type() || out.Kind() == reflect.Interface:
		out.Set(from)

		return nil
	case from.CanInt() && out.CanInt():
		fits = !out.OverflowInt(from.Int())
		out.SetInt(from.Int())
	case from.CanInt() && out.CanUint():
		fits = from.Int() >= 0 && !out.OverflowUint(uint64(from.Int()))
		out.SetUint(uint64(from.Int()))
	case from.CanUint() && out.CanUint():
		fits = !out.OverflowUint(from.Uint())
		out.SetUint(from.Uint())
	case from.CanUint() && out.CanInt():
		fits = from.Uint() <= math.MaxInt64 && !out.OverflowInt(int64(from.Uint()))
		out.SetInt(int64(from.Uint()))
	case from.CanFloat() && out.CanFloat():
		f := from.Float()
		fits = out.Kind() == reflect.Float64 || float64(float32(f)) == f || math.IsNaN(f)
		out.SetFloat(f)
	default:
		return ErrKind
	}
	if !fits {
		return fmt.Errorf("%w: %v does not fit %s", ErrKind, from.Interface(), out.Type())
	}

	return nil
}

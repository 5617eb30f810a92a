package value

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"
)

// samples has values of every kind, with the ends of its range.
func samples() []any {
	return []any{
		true, false,
		0, -1, math.MaxInt, int8(math.MinInt8), int16(math.MinInt16), int32(math.MaxInt32), int64(math.MinInt64),
		uint(7), uint8(255), uint16(math.MaxUint16), uint32(math.MaxUint32), uint64(math.MaxUint64),
		float32(1.5), math.Pi, math.Inf(-1), "", "grüße\x00", []byte{}, []byte("bytes"),
		[]bool{true, false}, []int{1, -2}, []int8{-8}, []int16{16}, []int32{}, []int64{math.MinInt64},
		[]uint{1}, []uint16{16}, []uint32{32}, []uint64{math.MaxUint64}, []float32{.5}, []float64{.25, -1},
		[]string{"a", ""}, [][]byte{[]byte("x"), {}},
		List{}, List{{byte(kindBool), 1}, {byte(kindInt), 2}},
	}
}

func TestValuesComeBackWithTheirType(t *testing.T) {
	for _, v := range samples() {
		b, err := Encode(nil, v)
		if err != nil {
			t.Errorf("%T: %v", v, err)

			continue
		}
		got, err := Decode(b)
		if err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("%T %v came back as %T %v, %v", v, v, got, got, err)
		}
		for n := range b {
			if _, err := Decode(b[:n]); !errors.Is(err, ErrDamaged) {
				t.Errorf("%T, the first %d bytes of %x: error is %v", v, n, b, err)
			}
		}
		if _, err := Decode(append(slices.Clone(b), 0)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%T with a byte more: error is %v", v, err)
		}
	}
}

type named string

func TestOtherTypesAreRefused(t *testing.T) {
	for _, v := range []any{nil, named("x"), struct{}{}, map[string]int{}, []any{1}, new(int), [][]string{{"a"}}, complex(1, 2), [2]int{}} {
		if b, err := Encode(nil, v); !errors.Is(err, ErrType) {
			t.Errorf("%T: %x, %v", v, b, err)
		}
	}
}

func TestConversionsLoseNothing(t *testing.T) {
	list := func(elements ...any) (l List) {
		for _, e := range elements {
			b, err := Encode(nil, e)
			if err != nil {
				t.Fatal(err)
			}
			l = append(l, b)
		}

		return l
	}
	for _, c := range []struct {
		from any
		want any
		ok   bool
	}{
		{int64(255), uint8(255), true},
		{int64(256), uint8(0), false},
		{-1, uint64(0), false},
		{uint64(math.MaxUint64), int64(0), false},
		{uint8(7), int8(7), true},
		{uint8(200), int8(0), false},
		{float32(.5), .5, true},
		{.5, float32(.5), true},
		{.1, float32(0), false},
		{1, 1.0, false},
		{1.0, 1, false},
		{"1", 1, false},
		{1, "1", false},
		{true, 1, false},
		{"text", []byte("text"), false},
		{[]byte("text"), "text", false},
		{[]int{1, 2}, []uint8{1, 2}, true},
		{[]int{1, 256}, []uint8{}, false},
		{[]int{1}, []any{1}, true},
		{[]byte{1}, []int{1}, true},
		{list(1, uint8(2)), []int64{1, 2}, true},
		{list(1, "b"), []any{1, "b"}, true},
		{list(1, "b"), []int{}, false},
		{list("a"), "a", false},
		{list(uint8(1)), []byte{}, false},
		{list([]byte("a")), [][]byte{[]byte("a")}, true},
	} {
		got, err := Convert(c.from, reflect.TypeOf(c.want))
		switch {
		case c.ok && (err != nil || !reflect.DeepEqual(got.Interface(), c.want)):
			t.Errorf("%T %v as %T: %v, %v", c.from, c.from, c.want, got, err)
		case !c.ok && !errors.Is(err, ErrKind):
			t.Errorf("%T %v as %T: error is %v", c.from, c.from, c.want, err)
		}
	}
}

func FuzzDecodeTakesOnlyWhatEncodeMakes(f *testing.F) {
	for _, v := range samples() {
		b, err := Encode(nil, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Decode(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("error is %v", err)
			}

			return
		}
		again, err := Encode(nil, v)
		if err != nil {
			t.Fatalf("%T cannot be encoded: %v", v, err)
		}
		back, err := Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		third, err := Encode(nil, back) // not compared as values: NaN differs from itself
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("%x became %x, %v", again, third, err)
		}
	})
}

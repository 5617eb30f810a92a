package dive_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/natsnode"
	"github.com/parley-dm/parley/internal/storages"
)

// start runs a module as a single node.
func start(t *testing.T, m *dive.Module) {
	t.Helper()
	if err := storages.Of(m).Start(natsnode.Config{Node: "n1"}, 1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(m) })
}

func stop(m *dive.Module) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	storages.Of(m).Stop(ctx)
}

// single is a storage of a running single node.
func single(t *testing.T, o *dive.Options) *dive.Storage {
	t.Helper()
	m := dive.NewModule()
	s, err := m.New("Test", o)
	if err != nil {
		t.Fatal(err)
	}
	start(t, m)

	return s
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// texts are the results as strings.
func texts(t *testing.T, results []*dive.Result, err error) []string {
	t.Helper()
	noError(t, err)
	out := []string{}
	for _, r := range results {
		text, err := r.ToString()
		noError(t, err)
		out = append(out, text)
	}

	return out
}

func TestValuesAreSetReadAndDeleted(t *testing.T) {
	s := single(t, nil)
	for _, key := range []string{"a", "a.b *> \x00=ü", strings.Repeat("k", 200)} {
		if err := s.Get(key).Err(); !errors.Is(err, dive.ErrNotFound) || !dive.IsGetError(err) || !dive.IsKeyExpiredError(err) {
			t.Errorf("Get of a new key: %v", err)
		}
		noError(t, s.Set(key, []string{"x", ""}))
		noError(t, s.Set(key, []string{"y"}))
		if err := s.SetIfNotExists(key, 1); !errors.Is(err, dive.ErrExists) || !dive.IsSetIfNotExistError(err) {
			t.Errorf("SetIfNotExists of a key with a value: %v", err)
		}
		if got, err := s.Get(key).ToStringArray(); err != nil || !slices.Equal(got, []string{"y"}) {
			t.Errorf("got %v, %v", got, err)
		}
		if got, err := s.Del(key).ToStringArray(); err != nil || !slices.Equal(got, []string{"y"}) {
			t.Errorf("Del returned %v, %v", got, err)
		}
		if err := s.Del(key).Err(); !errors.Is(err, dive.ErrNotFound) || !dive.IsDelError(err) {
			t.Errorf("second Del: %v", err)
		}
		noError(t, s.SetIfNotExists(key, true))
		if got, err := dive.Value[bool](s.Get(key)); err != nil || !got {
			t.Errorf("got %v, %v", got, err)
		}
	}
}

func TestCountersKeepTheirTypeAndDoNotWrap(t *testing.T) {
	s := single(t, nil)
	noError(t, s.Set("small", uint8(250)))
	if n, err := s.IncrBy("small", 5).ToUint8(); err != nil || n != 255 {
		t.Errorf("got %d, %v", n, err)
	}
	for _, by := range []int32{1, math.MaxInt32, -256, math.MinInt32} {
		if err := s.IncrBy("small", by).Err(); !errors.Is(err, dive.ErrOverflow) || !dive.IsIncrError(err) {
			t.Errorf("255 + %d: %v", by, err)
		}
	}
	noError(t, s.Set("large", int64(math.MaxInt64)))
	if err := s.IncrBy("large", 1).Err(); !errors.Is(err, dive.ErrOverflow) {
		t.Errorf("the largest + 1: %v", err)
	}
	if v, err := s.Get("small").ToInterface(); err != nil || v != uint8(255) {
		t.Errorf("got %T %v, %v", v, v, err)
	}
	if n, err := s.IncrBy("new", -3).ToInt64(); err != nil || n != -3 {
		t.Errorf("got %d, %v", n, err)
	}
	noError(t, s.Set("text", "1"))
	if err := s.IncrBy("text", 1).Err(); !errors.Is(err, dive.ErrKind) || !strings.Contains(err.Error(), `IncrBy "text" in "Test": it holds string`) {
		t.Errorf("a text + 1: %v", err)
	}
}

func TestListsArePushedToAndPoppedFromAtBothEnds(t *testing.T) {
	s := single(t, nil)
	noError(t, s.RPush("l", "c", "d"))
	noError(t, s.LPush("l", "b", "a"))
	noError(t, s.RPush("l"))
	all := func() []string {
		r, err := s.LRange("l", 0, -1)

		return texts(t, r, err)
	}
	if got := all(); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Fatalf("got %q", got)
	}
	for _, c := range []struct {
		from, to int
		want     []string
	}{
		{1, 2, []string{"b", "c"}}, {-2, -1, []string{"c", "d"}}, {0, 99, []string{"a", "b", "c", "d"}}, {9, 10, []string{}},
		{-99, 0, []string{"a"}}, {3, -4, []string{}}, {-1, 3, []string{"d"}}, {-99, -98, []string{}},
	} {
		if r, err := s.LRange("l", c.from, c.to); !slices.Equal(texts(t, r, err), c.want) {
			t.Errorf("%d to %d: %q, want %q", c.from, c.to, texts(t, r, err), c.want)
		}
	}
	if _, err := s.LRange("l", 2, 1); !errors.Is(err, dive.ErrInvalidRange) || !dive.IsRangeError(err) {
		t.Errorf("2 to 1: %v", err)
	}
	r, err := s.LPop("l", 1)
	if got := texts(t, r, err); !slices.Equal(got, []string{"a"}) {
		t.Errorf("LPop: %q", got)
	}
	r, err = s.RPop("l", 2)
	if got := texts(t, r, err); !slices.Equal(got, []string{"d", "c"}) {
		t.Errorf("RPop: %q", got)
	}
	r, err = s.RPopEx("l", 9, 5)
	if got := texts(t, r, err); !slices.Equal(got, []string{"b"}) {
		t.Errorf("RPopEx: %q", got)
	}
	if err := s.Get("l").Err(); !errors.Is(err, dive.ErrNotFound) {
		t.Errorf("a list without values: %v", err)
	}
	if r, err := s.LPop("l", 1); err != nil || len(r) != 0 {
		t.Errorf("LPop of nothing: %v, %v", r, err)
	}
}

func TestAListKeepsValuesOfAllKinds(t *testing.T) {
	s := single(t, nil)
	noError(t, s.RPush("l", 1, int8(2), uint64(3)))
	if got, err := s.Get("l").ToInt64Array(); err != nil || !slices.Equal(got, []int64{1, 2, 3}) {
		t.Errorf("got %v, %v", got, err)
	}
	noError(t, s.RPush("l", "x", []byte("y"), []bool{true}))
	want := []any{1, int8(2), uint64(3), "x", []byte("y"), []bool{true}}
	if got, err := s.Get("l").ToInterface(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := s.Get("l").ToIntArray(); !dive.IsInvalidValueTypeError(err) || !strings.Contains(err.Error(), "asked for was []int: element 3 is string") {
		t.Errorf("as integers: %v", err)
	}
	if err := s.RPush("l", 1, struct{}{}); !errors.Is(err, dive.ErrInvalidValue) || !strings.Contains(err.Error(), "value 1: ") {
		t.Errorf("a struct: %v", err)
	}
	noError(t, s.Set("text", "t"))
	if err := s.LPush("text", 1); !errors.Is(err, dive.ErrKind) || !dive.IsPushError(err) {
		t.Errorf("a push to a string: %v", err)
	}
	if _, err := s.LPop("text", 1); !errors.Is(err, dive.ErrKind) || !dive.IsPopError(err) {
		t.Errorf("a pop from a string: %v", err)
	}
}

func TestWrongArgumentsAreNamedAndChangeNothing(t *testing.T) {
	s := single(t, nil)
	noError(t, s.Set("k", "kept"))
	noError(t, s.RPush("l", "kept"))
	_, zeroPop := s.LPop("l", 0)
	_, popTTL := s.RPopEx("l", 1, 0)
	_, rangeTTL := s.LRangeEx("l", 0, 1, 86401)
	for _, c := range []struct {
		err  error
		want error
		text string
	}{
		{s.Set("", 1), dive.ErrInvalidKey, "0 bytes"},
		{s.Set(strings.Repeat("k", 201), 1), dive.ErrInvalidKey, "201 bytes: keys have 1 to 200"},
		{s.SetEx("k", 1, 0), dive.ErrInvalidTTL, "0 s is out of bounds: from 1 to 86400"},
		{s.SetEx("k", 1, 86401), dive.ErrInvalidTTL, "86401"},
		{s.IncrByEx("n", 1, -1).Err(), dive.ErrInvalidTTL, "-1"},
		{s.GetEx("k", 0).Err(), dive.ErrInvalidTTL, "0"},
		{popTTL, dive.ErrInvalidTTL, "0"},
		{rangeTTL, dive.ErrInvalidTTL, "86401"},
		{s.LPushEx("l", 0, 1), dive.ErrInvalidTTL, "0"},
		{zeroPop, dive.ErrInvalidRange, "at least 1"},
		{s.Set("k", nil), dive.ErrInvalidValue, "nil"},
		{s.Set("k", map[string]int{}), dive.ErrInvalidValue, "map[string]int"},
		{s.Set("k", make([]byte, 2<<20)), dive.ErrTooLarge, `Set "k" in "Test"`},
		{s.RPush("l", make([]byte, 2<<20)), dive.ErrTooLarge, `RPush "l" in "Test"`},
	} {
		if !errors.Is(c.err, c.want) || !strings.Contains(c.err.Error(), c.text) {
			t.Errorf("error is %v, want %v with %q", c.err, c.want, c.text)
		}
	}
	if got, err := s.Get("k").ToString(); err != nil || got != "kept" {
		t.Errorf("got %q, %v", got, err)
	}
	if r, err := s.LRange("l", 0, -1); len(texts(t, r, err)) != 1 {
		t.Errorf("the list has %d values", len(r))
	}
}

func TestAFullStorageRefusesWrites(t *testing.T) {
	s := single(t, &dive.Options{MaxBytes: 65536})
	var err error
	for i := 0; err == nil && i < 100; i++ {
		err = s.Set(strconv.Itoa(i), make([]byte, 1000))
	}
	if !errors.Is(err, dive.ErrFull) {
		t.Fatalf("error is %v", err)
	}
	noError(t, s.Del("0").Err())
	noError(t, s.Set("1", make([]byte, 10)))
}

func TestCallbacksChangeWhatIsPushedAndReturned(t *testing.T) {
	s := single(t, nil)
	s.SetOnPush(func(key string, values []any) []any {
		if key == "none" {
			return nil
		}

		return append(values, "pushed")
	})
	s.SetOnLRange(func(_ string, results []*dive.Result) []*dive.Result { return results[1:] })
	noError(t, s.RPush("l", "a"))
	noError(t, s.RPush("none", "a"))
	r, err := s.LRange("l", 0, -1)
	if got := texts(t, r, err); !slices.Equal(got, []string{"pushed"}) {
		t.Errorf("got %q", got)
	}
	if err := s.Get("none").Err(); !errors.Is(err, dive.ErrNotFound) {
		t.Errorf("a push of nothing: %v", err)
	}
}

func TestKeysListsWhatIsThere(t *testing.T) {
	s := single(t, nil)
	if keys, err := s.Keys(t.Context(), ""); err != nil || len(keys) != 0 {
		t.Fatalf("of nothing: %q, %v", keys, err)
	}
	for _, k := range []string{"m.1", "m.2", "m.3", "n"} {
		noError(t, s.Set(k, 1))
	}
	noError(t, s.Del("m.2").Err())
	if keys, err := s.Keys(t.Context(), "m."); err != nil || !slices.Equal(keys, []string{"m.1", "m.3"}) {
		t.Errorf("got %q, %v", keys, err)
	}
	noError(t, s.Del("n").Err())
	if keys, err := s.Keys(t.Context(), ""); err != nil || !slices.Equal(keys, []string{"m.1", "m.3"}) {
		t.Errorf("got %q, %v", keys, err)
	}
}

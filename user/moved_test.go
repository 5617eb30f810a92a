package user_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/sessions"
	"github.com/parley-dm/parley/user"
)

type weapon struct{ name string }

type shield struct{}

type named int

var errRusty = errors.New("rusty")

// registerTypes registers types once for all tests of the process.
var registerTypes = sync.OnceFunc(func() {
	user.RegisterType("weapon", func(w *weapon) ([]byte, error) {
		if w.name == "bug" {
			panic("a bug in the application")
		}

		return []byte(w.name), nil
	}, func(b []byte) (*weapon, error) {
		if string(b) == "rusty" {
			return nil, errRusty
		}

		return &weapon{string(b)}, nil
	})
	user.RegisterType("shield", func(shield) ([]byte, error) { return nil, errRusty },
		func([]byte) (shield, error) { return shield{}, nil })
})

// moved gives a second user the data of the first.
func moved(t *testing.T, from *user.User) (to *user.User, left []sessions.LeftBehind) {
	t.Helper()
	packed, left, ok := sessions.Pack(from, true)
	if !ok {
		t.Fatal("not packed")
	}
	to = user.CreateBlankUser("", from.ID)

	return to, append(left, sessions.Unpack(to, packed)...)
}

func TestDataGoAlongWithTheirTypes(t *testing.T) {
	registerTypes()
	want := map[string]any{
		"nil": nil, "bool": true, "int": -1, "int8": int8(math.MinInt8), "uint64": uint64(math.MaxUint64), "float32": float32(.5), "float64": math.Pi,
		"string": "grüße", "bytes": []byte{0, 1}, "strings": []string{"a", ""}, "no bools": []bool{}, "ints": []int{1, -2}, "lists": [][]byte{{1}, {}},
		"time": time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), "duration": -time.Second,
		"counts": map[string]int{"a": 1, "b": -2}, "no counts": map[string]uint8{}, "slices": map[string][]string{"x": {"y"}},
		"anything": map[string]any{"a": nil, "b": []any{1, "x", map[string]any{}}, "w": &weapon{"axe"}}, "any slice": []any{},
		"weapon": &weapon{"sword"}, "": "the empty key",
	}
	from := user.CreateBlankUser("", "alice")
	for k, v := range want {
		from.Set(k, v)
	}
	to, left := moved(t, from)
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for k, v := range want {
		if got := to.Get(k); !reflect.DeepEqual(got, v) {
			t.Errorf("%s: %#v came as %#v", k, v, got)
		}
	}
}

func TestWhatCannotGoAlongStaysBehindWithAReason(t *testing.T) {
	registerTypes()
	itself := map[string]any{}
	itself["me"] = itself
	for _, c := range []struct {
		v    any
		want string
	}{
		{make(chan int), "give it to user.RegisterType"},
		{named(1), "give it to user.RegisterType"},
		{&struct{}{}, "give it to user.RegisterType"},
		{map[string]any{"deep": []any{1, named(2)}}, `"deep" in it, of type []interface {}: element 1 of it, of type user_test.named: values of this type`},
		{map[int]string{}, "give it to user.RegisterType"},
		{itself, "it holds itself"},
		{shield{}, `encoding it as "shield": rusty`},
		{&weapon{"rusty"}, `decoding it as "weapon": rusty`},
		{&weapon{"bug"}, "encoding it panicked: a bug in the application"},
		{(*weapon)(nil), "encoding it panicked: "},
		{make([]byte, user.MaxMovedBytes), "65536 bytes"},
	} {
		from := user.CreateBlankUser("", "alice")
		from.Set("a", 1)
		from.Set("b", c.v)
		from.Set("c", "x")
		to, left := moved(t, from)
		if len(left) != 1 || left[0].Key != "b" || !strings.Contains(left[0].Err.Error(), c.want) {
			t.Errorf("%T: left behind: %v, want %s", c.v, left, c.want)
		}
		if to.Get("a") != 1 || to.Get("b") != nil || to.Get("c") != "x" {
			t.Errorf("%T: %v, %v, %v", c.v, to.Get("a"), to.Get("b"), to.Get("c"))
		}
	}
}

func TestDataBeyondTheLimitStayBehind(t *testing.T) {
	from := user.CreateBlankUser("", "alice")
	for i := range 10 {
		from.Set(fmt.Sprint("key", i), strings.Repeat("x", user.MaxMovedBytes/5))
	}
	packed, left, _ := sessions.Pack(from, true)
	if len(packed) > user.MaxMovedBytes || len(left) != 6 || left[0].Key != "key4" {
		t.Errorf("%d bytes; left behind: %d", len(packed), len(left))
	}
}

func TestNothingIsPackedAtOnceWhileTheProgramHoldsTheData(t *testing.T) {
	registerTypes()
	u := user.CreateBlankUser("", "alice")
	u.Set("plain", 1)
	u.Set("time", time.Now())
	if _, _, ok := sessions.Pack(u, false); !ok {
		t.Error("plain data were not packed")
	}
	u.Update("plain", func(any) any {
		if _, _, ok := sessions.Pack(u, false); ok {
			t.Error("packed in the middle of Update")
		}

		return 2
	})
	u.Set("weapon", &weapon{"axe"})
	if _, _, ok := sessions.Pack(u, false); ok {
		t.Error("a function of the program has run")
	}
}

func TestATypeIsRegisteredOnce(t *testing.T) {
	registerTypes()
	decode := func([]byte) (shield, error) { return shield{}, nil }
	encode := func(shield) ([]byte, error) { return nil, nil }
	for name, f := range map[string]func(){
		"no name":        func() { user.RegisterType("", encode, decode) },
		"a long name":    func() { user.RegisterType(strings.Repeat("x", 256), encode, decode) },
		"no function":    func() { user.RegisterType("other", encode, nil) },
		"the type again": func() { user.RegisterType("other", encode, decode) },
		"the name again": func() {
			user.RegisterType("weapon", func(named) ([]byte, error) { return nil, nil }, func([]byte) (named, error) { return 0, nil })
		},
		"a type that goes anyway": func() {
			user.RegisterType("other", func(int) ([]byte, error) { return nil, nil }, func([]byte) (int, error) { return 0, nil })
		},
		"a map that goes anyway": func() {
			user.RegisterType("other", func(map[string]int) ([]byte, error) { return nil, nil }, func([]byte) (map[string]int, error) { return nil, errRusty })
		},
		"an own type of the engine": func() {
			user.RegisterType("other", func(time.Time) ([]byte, error) { return nil, nil }, func([]byte) (time.Time, error) { return time.Time{}, nil })
		},
		"an interface": func() {
			user.RegisterType("other", func(error) ([]byte, error) { return nil, nil }, func([]byte) (error, error) { return nil, errRusty })
		},
	} {
		func() {
			defer func() {
				if e := recover(); e == nil || !strings.HasPrefix(fmt.Sprint(e), "user: RegisterType of ") {
					t.Errorf("%s: %v", name, e)
				}
			}()
			f()
		}()
	}
}

func FuzzDamagedDataDoNoHarm(f *testing.F) {
	registerTypes()
	u := user.CreateBlankUser("", "alice")
	for i, v := range []any{
		nil, 1, "x", []string{"y"}, map[string]int{"a": 1}, map[string]any{"b": 2}, []any{nil, 3.5}, time.Unix(1, 0), time.Second, &weapon{"axe"},
	} {
		u.Set(fmt.Sprint(i), v)
		one := user.CreateBlankUser("", "alice")
		one.Set("k", v)
		packed, _, _ := sessions.Pack(one, true)
		f.Add(packed)
	}
	packed, _, _ := sessions.Pack(u, true)
	f.Add(packed)
	f.Fuzz(func(t *testing.T, b []byte) {
		to := user.CreateBlankUser("", "alice")
		left := sessions.Unpack(to, b)
		again, rest, _ := sessions.Pack(to, true)
		if len(rest) > 0 && len(b) < user.MaxMovedBytes/4 {
			t.Errorf("what came cannot go on: %v", rest)
		}
		if len(left) == 0 && len(b) > 0 && len(again) == 0 {
			t.Errorf("%x was taken for nothing", b)
		}
		third := user.CreateBlankUser("", "alice")
		sessions.Unpack(third, again)
		if once, _, _ := sessions.Pack(third, true); !bytes.Equal(once, again) {
			t.Errorf("%x became %x", again, once)
		}
	})
}

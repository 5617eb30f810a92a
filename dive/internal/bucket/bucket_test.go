package bucket

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestKeysOfAnyBytesBecomeOneToken(t *testing.T) {
	for _, key := range []string{"plain_Key-1", "a.b", "*", ">", " ", "\x00\xff", "=41", "grüße", strings.Repeat(".", 200)} {
		token := encodeKey(key)
		if strings.ContainsAny(token, ".*> \t\r\n") || token == "" {
			t.Errorf("%q became %q", key, token)
		}
		if back, ok := decodeKey(token); !ok || back != key {
			t.Errorf("%q came back as %q", key, back)
		}
	}
	for _, token := range []string{"", "=4", "=", "=zz", "a.b", "=61", "=c3", "ü"} {
		if key, ok := decodeKey(token); ok {
			t.Errorf("%q is the key %q", token, key)
		}
	}
}

func FuzzKeysComeBack(f *testing.F) {
	f.Add("a.b*>")
	f.Add("=4")
	f.Fuzz(func(t *testing.T, key string) {
		if back, ok := decodeKey(encodeKey(key)); key != "" && (!ok || back != key) {
			t.Fatalf("%q came back as %q", key, back)
		}
		if back, ok := decodeKey(key); ok && encodeKey(back) != key {
			t.Fatalf("the token %q is of another key, %q", key, back)
		}
	})
}

func FuzzEntriesComeBack(f *testing.F) {
	f.Add([]byte{0x82, 1, 2})
	f.Add(Entry{Value: []byte("v"), trail: trail{ids: []writeID{1, 2}, cut: true}}.encode())
	f.Fuzz(func(t *testing.T, body []byte) {
		e := decodeEntry(7, body)
		again := decodeEntry(7, e.encode())
		if !reflect.DeepEqual(e, again) {
			t.Fatalf("%x: %+v, and then %+v", body, e, again)
		}
	})
}

func TestATrailKeepsTheNewestWrites(t *testing.T) {
	var tr trail
	for id := range writeID(2 * maxTrail) {
		tr = tr.after(id)
		if tr.cut != (id >= maxTrail) || len(tr.ids) != min(int(id)+1, maxTrail) || tr.ids[len(tr.ids)-1] != id {
			t.Fatalf("after write %d: %+v", id, tr)
		}
	}
}

// TestLostAnswersAreResolved looks at what an update whose answer was lost finds when it reads
// again. Its ID is 9, and the entry that it was based on was written by 1.
func TestLostAnswersAreResolved(t *testing.T) {
	based := Entry{seq: 5, trail: trail{ids: []writeID{1}}}
	for name, c := range map[string]struct {
		base, found Entry
		done        bool
		unknown     bool
		err         bool
	}{
		"the same entry":                     {base: based, found: based, unknown: true},
		"its own write":                      {base: based, found: Entry{seq: 6, trail: trail{ids: []writeID{1, 9}}}, done: true},
		"its own write and others":           {base: based, found: Entry{seq: 8, trail: trail{ids: []writeID{1, 9, 3, 4}}}, done: true},
		"others in its place":                {base: based, found: Entry{seq: 7, trail: trail{ids: []writeID{1, 3, 4}}}},
		"too many others":                    {base: based, found: Entry{seq: 70, trail: trail{ids: []writeID{3, 4, 5}, cut: true}}, err: true},
		"a blind write":                      {base: based, found: Entry{seq: 6, trail: trail{ids: []writeID{3}, cut: true}}, err: true},
		"an entry that has gone":             {base: based, found: Entry{}, err: true},
		"nothing, then others":               {found: Entry{seq: 7, trail: trail{ids: []writeID{3}}}},
		"nothing, then a blind write":        {found: Entry{seq: 7, trail: trail{ids: []writeID{3}, cut: true}}, err: true},
		"nothing, then its own write":        {found: Entry{seq: 7, trail: trail{ids: []writeID{9}}}, done: true},
		"a deletion that others wrote after": {base: based, found: Entry{seq: 9, trail: trail{ids: []writeID{1, 2, 3}}}},
	} {
		t.Run(name, func(t *testing.T) {
			u := update{id: 9, base: c.base, unknown: true}
			done, err := u.resolve(c.found)
			if done != c.done || (err != nil) != c.err || err != nil && !errors.Is(err, ErrUnavailable) {
				t.Errorf("got %t, %v", done, err)
			}
			if !done && err == nil && u.unknown != c.unknown {
				t.Errorf("unknown is %t", u.unknown)
			}
		})
	}
}

func TestMarkersOfTheServerHaveNoValue(t *testing.T) {
	for _, body := range [][]byte{nil, {}, {3, 1}, {0x7f}, bytes.Repeat([]byte{9}, 100)} {
		if e := decodeEntry(4, body); e.Value != nil || e.seq != 4 {
			t.Errorf("%x: %+v", body, e)
		}
	}
}

package strictjson_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/strictjson"
)

func field(raw string) strictjson.Field {
	return strictjson.Field{Key: "k", Line: 7, Raw: json.RawMessage(raw)}
}

func TestValuesOfTheRightTypeAreRead(t *testing.T) {
	if s, err := field(`"a b"`).String(); err != nil || s != "a b" {
		t.Errorf("String: %q, %v", s, err)
	}
	if b, err := field(`true`).Bool(); err != nil || !b {
		t.Errorf("Bool: %v, %v", b, err)
	}
	if n, err := field(`65536`).Int(); err != nil || n != 65536 {
		t.Errorf("Int: %v, %v", n, err)
	}
	if d, err := field(`"1m30s"`).Duration(); err != nil || d != 90*time.Second {
		t.Errorf("Duration: %v, %v", d, err)
	}
	if l, err := field(`["a", "b"]`).Strings(); err != nil || !slices.Equal(l, []string{"a", "b"}) {
		t.Errorf("Strings: %v, %v", l, err)
	}
	if l, err := field(`[]`).Strings(); err != nil || len(l) != 0 {
		t.Errorf("Strings: %v, %v", l, err)
	}
}

func TestAValueOfAnotherTypeIsRefusedWithoutBeingShown(t *testing.T) {
	type read func(strictjson.Field) error
	readString := func(f strictjson.Field) error { _, err := f.String(); return err }
	readBool := func(f strictjson.Field) error { _, err := f.Bool(); return err }
	readInt := func(f strictjson.Field) error { _, err := f.Int(); return err }
	readDuration := func(f strictjson.Field) error { _, err := f.Duration(); return err }
	readStrings := func(f strictjson.Field) error { _, err := f.Strings(); return err }
	for _, c := range []struct {
		raw  string
		read read
		want string
	}{
		{`12345`, readString, `line 7: "k" must be a string`},
		{`null`, readString, `line 7: "k" must be a string`},
		{`"12345"`, readBool, `line 7: "k" must be true or false`},
		{`null`, readBool, `line 7: "k" must be true or false`},
		{`"12345"`, readInt, `line 7: "k" must be a whole number`},
		{`12345.5`, readInt, `line 7: "k" must be a whole number`},
		{`123456789012345678901`, readInt, `line 7: "k" must be a whole number`},
		{`null`, readInt, `line 7: "k" must be a whole number`},
		{`12345`, readDuration, `line 7: "k" must be a duration with its unit`},
		{`"12345"`, readDuration, `line 7: "k" must be a duration with its unit`},
		{`null`, readDuration, `line 7: "k" must be a duration with its unit`},
		{`"12345,2"`, readStrings, `line 7: "k" must be an array of strings`},
		{`["a",12345]`, readStrings, `line 7: "k" must be an array of strings`},
		{`["a",null]`, readStrings, `line 7: "k" must be an array of strings`},
		{`null`, readStrings, `line 7: "k" must be an array of strings`},
	} {
		err := c.read(field(c.raw))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "12345") {
			t.Errorf("%s: error is %v, want %s", c.raw, err, c.want)
		}
	}
}

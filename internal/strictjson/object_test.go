package strictjson_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/strictjson"
)

var valid = []string{"tcp", "cluster_secret", "join"}

func TestObjectHandsOutTheFieldsInTheOrderOfTheFile(t *testing.T) {
	fields, err := strictjson.Object([]byte("{\n \"join\": [\"a\"],\n\n \"tcp\":\n  \"x\"}\n"), valid)
	if err != nil {
		t.Fatal(err)
	}
	if len(fields) != 2 || fields[0].Key != "join" || fields[0].Line != 2 || fields[1].Key != "tcp" || fields[1].Line != 5 {
		t.Fatalf("got %+v", fields)
	}
	if string(fields[0].Raw) != `["a"]` {
		t.Errorf("raw value is %s", fields[0].Raw)
	}
}

func TestObjectSaysInOneLineWhatIsWrong(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"empty":            {"", "line 1: it is empty: the least is {}"},
		"only space":       {" \n ", "line 1: it is empty: the least is {}"},
		"array":            {"[]", "line 1: it is no JSON object: it must begin with {"},
		"word":             {"tcp=1", "line 1: it is no JSON: invalid character"},
		"unknown key":      {"{\n\"tcpp\":1}", `line 2: unknown key "tcpp" (did you mean "tcp"?); valid: tcp, cluster_secret, join`},
		"other style":      {`{"clusterSecret":1}`, `(did you mean "cluster_secret"?)`},
		"nothing near":     {`{"q":1}`, `line 1: unknown key "q"; valid: tcp, cluster_secret, join`},
		"given twice":      {"{\"tcp\":1,\n\"tcp\":2}", `line 2: the key "tcp" is there twice: keep one`},
		"ends early":       {"{\"tcp\":1,\n", "line 2: it is no JSON: it ends in the middle"},
		"ends in a value":  {`{"tcp":"`, "line 1: it is no JSON: it ends in the middle"},
		"trailing comma":   {"{\"tcp\":1,\n}", "line 2: it is no JSON: invalid character"},
		"broken value":     {"{\n\n\"tcp\": nope}", "line 3: it is no JSON: invalid character"},
		"more than one":    {"{}\n{}", "line 2: something follows the closing brace"},
		"key is no string": {"{1:2}", "line 1: it is no JSON: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := strictjson.Object([]byte(c.in), valid)
			if _, ok := errors.AsType[*strictjson.Error](err); !ok {
				t.Fatalf("error is %v", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is\n  %s, want\n  %s", err, c.want)
			}
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("error has several lines: %q", err)
			}
		})
	}
}

func TestAnObjectInsideKeepsTheLinesOfItsFile(t *testing.T) {
	fields, err := strictjson.Object([]byte("{\n\"tcp\": \"x\",\n\"join\": {\n  \"typo\": 1}}"), valid)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := fields[1].Object()
	if err != nil {
		t.Fatal(err)
	}
	_, err = strictjson.Object(inner, []string{"type"})
	if err == nil || !strings.HasPrefix(err.Error(), `line 4: unknown key "typo" (did you mean "type"?)`) {
		t.Errorf("error is %v", err)
	}
	if _, err := fields[0].Object(); err == nil || !strings.Contains(err.Error(), `"tcp" must be an object`) {
		t.Errorf("error is %v", err)
	}
}

func FuzzObjectTakesWhatJSONTakesAndNeverPanics(f *testing.F) {
	for _, seed := range []string{`{}`, `{"tcp":"x"}`, `{"tcp":1,"tcp":2}`, `{"join":["a",null]}`, "{\n", `{"tcp":{"a":[1,2]}} x`, "\xff", `{"a":"\ud800"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fields, err := strictjson.Object(data, valid)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("error has several lines: %q", err)
			}

			return
		}
		var loose map[string]json.RawMessage
		if err := json.Unmarshal(data, &loose); err != nil {
			t.Fatalf("taken, but no JSON: %v", err)
		}
		if len(loose) != len(fields) {
			t.Fatalf("%d fields of %d", len(fields), len(loose))
		}
		for _, field := range fields {
			_, _ = field.String()
			_, _ = field.Bool()
			_, _ = field.Int()
			_, _ = field.Duration()
			_, _ = field.Strings()
			_, _ = field.Object()
		}
	})
}

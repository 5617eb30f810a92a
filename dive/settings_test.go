package dive

import (
	"strings"
	"testing"
	"time"
)

func TestSettingsAreReadWithTheirDefaults(t *testing.T) {
	storages, warnings, err := parseSettings([]byte(`{"storages": {
		"Online": {"defaultTTL": 60, "replicas": 3, "maxBytes": 1048576, "timeout": "500ms"},
		"Queue_2-x": {}
	}}`))
	if err != nil || len(warnings) != 0 {
		t.Fatal(warnings, err)
	}
	if got, want := storages["Online"], (Options{DefaultTTL: 60, Replicas: 3, MaxBytes: 1 << 20, Timeout: 500 * time.Millisecond}); got != want {
		t.Errorf("got %+v", got)
	}
	if got, want := storages["Queue_2-x"], (Options{DefaultTTL: 86400, Replicas: 1, MaxBytes: 64 << 20, Timeout: 3 * time.Second}); got != want {
		t.Errorf("got %+v", got)
	}
}

func TestKeysOfTheOriginalEngineAreTakenWithAWarning(t *testing.T) {
	_, warnings, err := parseSettings([]byte("{\"migration\": true,\n\"storages\": {\"S\": {\n\"targetNodeType\": \"HTTP\", \"ringSize\": 10,\n\"defaultTTL\": 5}}}"))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(warnings, "; ")
	for _, want := range []string{`line 1: "migration"`, `line 3: "targetNodeType" of "S"`, `line 3: "ringSize" of "S"`} {
		if !strings.Contains(got, want) {
			t.Errorf("no warning %q in %q", want, got)
		}
	}
}

func TestWrongSettingsAreRefusedByLineAndName(t *testing.T) {
	for in, want := range map[string]string{
		`{"storage": {}}`:                          `line 1: unknown key "storage" (did you mean "storages"?)`,
		`{"storages": []}`:                         `"storages" must be an object`,
		`{"storages": {"S": 1}}`:                   `"S" must be an object`,
		"{\"storages\": {\n\"S\": {\"ttl\": 1}}}":  `line 2: unknown key "ttl"`,
		`{"storages": {"S": {}, "S": {}}}`:         `the key "S" is there twice`,
		`{"storages": {"a b": {}}}`:                `"a b" is no storage's name`,
		`{"storages": {"": {}}}`:                   `"" is no storage's name`,
		`{"storages": {"S": {"defaultTTL": 0}}}`:   `"defaultTTL" is wrong: no time to live: 0 s is out of bounds: from 1 to 86400`,
		`{"storages": {"S": {"defaultTTL": "1"}}}`: `"defaultTTL" must be a whole number`,
		`{"storages": {"S": {"replicas": 2}}}`:     `"replicas" is wrong: 2 replicas: a storage has 1, 3 or 5`,
		`{"storages": {"S": {"maxBytes": 1}}}`:     `"maxBytes" is wrong: 1 bytes: a storage has at least 65536`,
		`{"storages": {"S": {"timeout": "1ms"}}}`:  `"timeout" is wrong: 1ms is out of bounds: from 100ms to 1m0s`,
		`{"storages": {"S": {"timeout": 3}}}`:      `"timeout" must be a duration`,
		`{"storages": {"S": {}}`:                   `it ends in the middle`,
	} {
		if _, _, err := parseSettings([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %s", in, err, want)
		}
	}
}

func FuzzSettingsNeverPanicAndErrorsAreOneLine(f *testing.F) {
	f.Add([]byte(`{"storages": {"Online": {"defaultTTL": 60, "replicas": 3, "timeout": "1s"}}, "migration": true}`))
	f.Add([]byte(`{"storages": {"S": {"maxBytes": 1e9}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		storages, _, err := parseSettings(data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("several lines: %q", err)
			}

			return
		}
		for name, o := range storages {
			if checkName(name) != nil || o.check() != nil {
				t.Fatalf("%q: %+v is no storage", name, o)
			}
		}
	})
}

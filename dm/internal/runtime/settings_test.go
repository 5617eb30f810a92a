package runtime

import (
	"strings"
	"testing"
	"time"
)

func TestSettingsKeepTheirDefaultsWhereTheFileSaysNothing(t *testing.T) {
	got, warnings, err := ParseSettings([]byte(`{}`))
	if err != nil || len(warnings) != 0 || got != DefaultSettings() {
		t.Errorf("got %+v, %v, %v", got, warnings, err)
	}
	want := Settings{ReliableTimeout: 3 * time.Second, MaxMessageSize: 65536, MaxChannelsPerUser: 1024, ChannelIdleTimeout: 30 * time.Minute}
	if got != want {
		t.Errorf("the defaults are %+v", got)
	}
	if err := got.Check(); err != nil {
		t.Error(err)
	}
}

func TestSettingsAreReadFromTheFile(t *testing.T) {
	got, warnings, err := ParseSettings([]byte(`{"reliableTimeout": "500ms", "maxMessageSize": 1024, "maxChannelsPerUser": 2, "channelIdleTimeout": "1h"}`))
	want := Settings{ReliableTimeout: 500 * time.Millisecond, MaxMessageSize: 1024, MaxChannelsPerUser: 2, ChannelIdleTimeout: time.Hour}
	if err != nil || len(warnings) != 0 || got != want {
		t.Errorf("got %+v, %v, %v", got, warnings, err)
	}
}

func TestKeysOfTheOriginalEngineAreTakenWithAWarningEach(t *testing.T) {
	got, warnings, err := ParseSettings([]byte(`{
		"storageTargetNodeType": "UDP",
		"storageRingSize": 40,
		"storageMigration": true,
		"storageMigrationBatchSize": 100,
		"storageMigrationInterval": 10,
		"maxMessageSize": 10
	}`))
	if err != nil || got.MaxMessageSize != 10 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if len(warnings) != len(withoutEffect) {
		t.Fatalf("warnings are %q", warnings)
	}
	for i, key := range withoutEffect {
		if !strings.Contains(warnings[i], `"`+key+`" has no effect`) {
			t.Errorf("warning %d is %q", i, warnings[i])
		}
	}
}

func TestMistakesInTheSettingsAreNamed(t *testing.T) {
	for in, want := range map[string]string{
		"{\n\"reliableTimeOut\": \"3s\"}":       `line 2: unknown key "reliableTimeOut" (did you mean "reliableTimeout"?); valid: reliableTimeout, maxMessageSize, maxChannelsPerUser, channelIdleTimeout, storage`,
		`{"reliableTimeout": 3000}`:             `line 1: "reliableTimeout" must be a duration with its unit, such as "3s"`,
		`{"reliableTimeout": "1ms"}`:            `line 1: "reliableTimeout" is 1ms: it must be from 10ms to 10m0s`,
		`{"maxMessageSize": "64k"}`:             `line 1: "maxMessageSize" must be a whole number`,
		`{"maxMessageSize": 0}`:                 `line 1: "maxMessageSize" is 0: it must be from 1 to 1000000`,
		`{"maxMessageSize": 1000001}`:           `line 1: "maxMessageSize" is 1000001: it must be from 1 to 1000000`,
		`{"maxChannelsPerUser": -1}`:            `line 1: "maxChannelsPerUser" is -1: it must be from 1 to 1000000`,
		`{"channelIdleTimeout": "999ms"}`:       `line 1: "channelIdleTimeout" is 999ms: it must be from 1s to 720h0m0s`,
		`{"maxMessageSize":1,"maxMessageSize"}`: `line 1: it is no JSON`,
		``:                                      `line 1: it is empty: the least is {}`,
	} {
		_, _, err := ParseSettings([]byte(in))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is\n  %v, want\n  %s", in, err, want)
		}
	}
}

func FuzzSettingsThatAreTakenAreInBounds(f *testing.F) {
	for _, seed := range []string{`{}`, `{"reliableTimeout":"3s","maxMessageSize":1}`, `{"channelIdleTimeout":"-1h"}`, `{"storageRingSize":null}`, `[`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, _, err := ParseSettings(data)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Fatalf("error has several lines: %q", err)
			}

			return
		}
		if err := got.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

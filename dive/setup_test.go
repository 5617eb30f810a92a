package dive_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/storages"
)

func TestSetupReadsAFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dive.json")
	noError(t, os.WriteFile(path, []byte(`{"storages": {"Online": {"defaultTTL": 60, "migration": true}}}`), 0o600))
	m := dive.NewModule()
	m.Setup(path)
	noError(t, storages.Of(m).SetupError())
	if s := m.GetStorageByName("Online"); s == nil || s.Name() != "Online" || m.GetStorageByName("Other") != nil {
		t.Errorf("found %v", s)
	}
	warnings, err := storages.Of(m).Configure([]byte(`{"storages": {"Other": {}}}`))
	if err != nil || len(warnings) != 1 || m.GetStorageByName("Other") != nil {
		t.Errorf("the node's settings after Setup: %q, %v", warnings, err)
	}
	start(t, m)
	noError(t, m.GetStorageByName("Online").Set("alice", 1))
	if _, err := m.New("Online", nil); !dive.IsDuplicateStorageError(err) {
		t.Errorf("a second one: %v", err)
	}
}

func TestWhatIsWrongWithTheFileIsKeptForTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dive.json")
	for content, want := range map[string]string{
		"":                               "no such file",
		"{\n\"storage\": {}}":            path + `: line 2: unknown key "storage"`,
		`{"storages": {"S": {"ttl":1}}}`: `unknown key "ttl"`,
	} {
		if content != "" {
			noError(t, os.WriteFile(path, []byte(content), 0o600))
		}
		m := dive.NewModule()
		m.Setup(path)
		err := storages.Of(m).SetupError()
		if !dive.IsSetupError(err) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error is %v, want %s", err, want)
		}
		_ = os.Remove(path)
	}
}

func TestTheDefaultModuleIsThatOfThePackageFunctions(t *testing.T) {
	old := dive.Default
	dive.Default = dive.NewModule()
	t.Cleanup(func() { dive.Default = old })
	s, err := dive.New("Test", &dive.Options{RingSize: 3})
	noError(t, err)
	if dive.GetStorageByName("Test") != s || !dive.IsReadyToShutdown() {
		t.Error("the storage is not that of the default module")
	}
	noError(t, dive.SetOnPush("Test", func(_ string, values []any) []any { return append(values, "pushed") }))
	noError(t, dive.SetOnLRange("Test", func(_ string, results []*dive.Result) []*dive.Result { return results[1:] }))
	for _, err := range []error{dive.SetOnPush("Other", nil), dive.SetOnLRange("Other", nil)} {
		if !errors.Is(err, dive.ErrUnknownStorage) || !strings.Contains(err.Error(), `"Other"`) {
			t.Errorf("a storage that is not there: %v", err)
		}
	}
	start(t, dive.Default)
	noError(t, s.RPush("l", "a"))
	r, err := s.LRange("l", 0, -1)
	if got := texts(t, r, err); len(got) != 1 || got[0] != "pushed" {
		t.Errorf("got %q", got)
	}
}

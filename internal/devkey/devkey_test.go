package devkey_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/devkey"
)

func TestTheFirstMakesTheKeyAndAllOthersFindIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "some", "where", "dev-key")
	first, err := devkey.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	token, err := first.Mint("alice", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	second, err := devkey.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if id, err := second.Verify(token); err != nil || id != "alice" {
		t.Errorf("the second does not know the token of the first: %q, %v", id, err)
	}
}

func TestWhoStartsAtTheSameMomentGetsTheSameKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev-key")
	secrets := make([]string, 16)
	var wg sync.WaitGroup
	for i := range secrets {
		wg.Go(func() {
			key, err := devkey.Load(path)
			if err != nil {
				t.Error(err)
			}
			secrets[i] = key.Secret()
		})
	}
	wg.Wait()
	for _, s := range secrets {
		if s == "" || s != secrets[0] {
			t.Fatalf("the keys differ: %q", secrets)
		}
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWhatIsNoKeyIsNotReplacedInSilence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev-key")
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := devkey.Load(path); err == nil || !strings.Contains(err.Error(), "is no key: delete it") || strings.Contains(err.Error(), "short") {
		t.Errorf("error is %v", err)
	}
}

func TestAPlaceThatCannotBeWrittenIsAnError(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := devkey.Load(filepath.Join(file, "dev-key")); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("error is %v", err)
	}
}

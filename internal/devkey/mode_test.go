//go:build unix

package devkey_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/devkey"
)

func TestOnlyItsOwnerMayReadTheKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dev-key")
	if _, err := devkey.Load(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := devkey.Load(path); err == nil || !strings.Contains(err.Error(), "can be read by other users: delete it") {
		t.Errorf("error is %v", err)
	}
}

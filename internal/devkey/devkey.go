package devkey

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/parley-dm/parley/internal/auth"
)

// Path is where the key of this user is kept: in the user's cache directory.
func Path() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for the development key: %w", err)
	}

	return filepath.Join(dir, "parley", "dev-key"), nil
}

// Load reads the key in the file, and makes both if there is no file.
func Load(path string) (auth.Key, error) {
	key, err := read(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := publish(path, auth.NewKey().Secret()); err != nil && !errors.Is(err, fs.ErrExist) {
		return auth.Key{}, fmt.Errorf("the development key cannot be kept: %w", err)
	}

	return read(path) // ours, or that of another process that was first
}

func read(path string) (auth.Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return auth.Key{}, err
	}
	const others = 0o077
	if runtime.GOOS != "windows" && info.Mode().Perm()&others != 0 {
		return auth.Key{}, fmt.Errorf("the development key in %s can be read by other users: delete it, and a new one is made", path)
	}
	secret, err := os.ReadFile(path)
	if err != nil {
		return auth.Key{}, err
	}
	key, err := auth.ParseKey(string(bytes.TrimSpace(secret)))
	if err != nil {
		return auth.Key{}, fmt.Errorf("the development key in %s is no key: delete it, and a new one is made", path)
	}

	return key, nil
}

// publish writes the secret to a file of its own and then gives that its name, unless the name is
// taken.
func publish(path, secret string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	aside, err := os.CreateTemp(dir, ".dev-key-*") // readable by its owner only
	if err != nil {
		return err
	}
	defer os.Remove(aside.Name()) //nolint:errcheck // once linked its other name stays; if not, it is of no use to anybody
	err = write(aside, secret+"\n")
	if err != nil {
		return err
	}

	return os.Link(aside.Name(), path)
}

func write(f *os.File, text string) error {
	_, err := f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}

	return err
}

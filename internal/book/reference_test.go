package book_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-dm/parley/internal/book"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/wire"
)

var update = flag.Bool("update", false, "write docs/errors.md, docs/http.md and docs/wire.md")

func TestReferencesAreThoseOfTheCode(t *testing.T) {
	_, root := load(t)
	status := func(c wire.Code) int { return httpapi.FromCode(c, "").Status }
	for name, generate := range map[string]func() (string, error){
		"errors.md": func() (string, error) { return book.Codes(root, status) },
		"http.md":   func() (string, error) { return book.HTTP(root) },
		"wire.md":   func() (string, error) { return book.Wire(root) },
	} {
		want, err := generate()
		if err != nil {
			t.Fatal(err)
		}
		page := filepath.Join(root, "docs", name)
		if *update {
			if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("docs/%s is not up to date: run go test ./internal/book -update", name)
		}
	}
}

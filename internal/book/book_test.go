package book_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/parley-dm/parley/internal/book"
)

// load reads the project.
func load(t *testing.T) (*book.Project, string) {
	t.Helper()
	root, err := book.Root()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project(root)
	if err != nil {
		t.Fatal(err)
	}

	return p, root
}

// project loads the project once.
func project(root string) (*book.Project, error) {
	once.Do(func() { loaded, errLoaded = book.Load(root) })

	return loaded, errLoaded
}

var (
	once      sync.Once
	loaded    *book.Project // nothing changes it
	errLoaded error
)

// pages lists the documents of the repository.
func pages(t *testing.T, root string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "*.md")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("git does not list the files: %v", err)
	}

	return strings.Fields(string(out))
}

// ofThePast reports whether a document tells of its time, and not of the project as it is.
func ofThePast(page string) bool {
	return page == "CHANGELOG.md" || strings.HasPrefix(page, "docs/decisions/")
}

func TestWhatTheDocumentsNameExists(t *testing.T) {
	p, root := load(t)
	checked := 0
	for _, name := range pages(t, root) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed
		}
		if err != nil {
			t.Fatal(err)
		}
		checked++
		page := book.Parse(name, string(text))
		wrong := p.CheckLinks(page)
		if !ofThePast(name) {
			wrong = p.Check(page)
		}
		for _, problem := range wrong {
			t.Error(problem)
		}
	}
	if checked < 20 {
		t.Errorf("only %d documents were found", checked)
	}
}

// TestTheContentsListEveryPage holds docs/README.md to the folder.
func TestTheContentsListEveryPage(t *testing.T) {
	_, root := load(t)
	contents, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages(t, root) {
		inDocs, ok := strings.CutPrefix(name, "docs/")
		if _, err := os.Stat(filepath.Join(root, name)); !ok || inDocs == "README.md" || err != nil {
			continue
		}
		if !strings.Contains(string(contents), "("+inDocs+")") {
			t.Errorf("docs/README.md does not list %s", inDocs)
		}
	}
}

var alertName = regexp.MustCompile(`\bParley[A-Z]\w+`)

// TestEveryAlertHasItsAdvice holds the table of docs/monitoring.md to deploy/alerts.yaml.
func TestEveryAlertHasItsAdvice(t *testing.T) {
	_, root := load(t)
	names := func(file string) map[string]bool {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, name := range alertName.FindAllString(string(text), -1) {
			found[name] = true
		}

		return found
	}
	there, told := names("deploy/alerts.yaml"), names("docs/monitoring.md")
	if len(there) < 10 {
		t.Errorf("deploy/alerts.yaml has %d alerts", len(there))
	}
	for name := range there {
		if !told[name] {
			t.Errorf("docs/monitoring.md does not say what to do about %s", name)
		}
	}
	for name := range told {
		if !there[name] {
			t.Errorf("docs/monitoring.md tells of %s, which deploy/alerts.yaml has not", name)
		}
	}
}

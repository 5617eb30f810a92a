package parley_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxCommentColumns is where comments wrap. A tab counts 4.
const maxCommentColumns = 100

// Words for persons stand for users, readers and attackers only: a comment names the goroutine,
// node or packet that it tells of. "Who" is left to users and clients.
var (
	persons = regexp.MustCompile(`(?i)\b(whom|whoever|nobody|somebody|everybody|anybody|everyone|anyone|someone)\b`)
	who     = regexp.MustCompile(`(?i)(\w+,?)\s+who\b|^\W*who\b`)
	mayBe   = regexp.MustCompile(`(?i)^(users?|clients?|readers?|attackers?|authors?|persons?|people|those|one),?$`)
)

// proseFiles lists the files of the repository with one of these endings.
func proseFiles(t *testing.T, endings ...string) []string {
	t.Helper()
	args := []string{"ls-files", "--cached", "--others", "--exclude-standard", "--"}
	for _, e := range endings {
		args = append(args, "*"+e)
	}
	out, err := exec.CommandContext(t.Context(), "git", args...).Output()
	if err != nil {
		t.Skipf("git does not list the files: %v", err)
	}

	return strings.Fields(string(out))
}

func TestCommentsArePlainAndWrapped(t *testing.T) {
	t.Parallel()
	for _, file := range proseFiles(t, ".go") {
		data, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			continue // deleted, and not committed
		}
		var raw bool // inside a raw string
		for i, line := range strings.Split(string(data), "\n") {
			at, wasRaw := strings.Index(line, "// "), raw
			if strings.Count(line, "`")%2 == 1 {
				raw = !raw
			}
			if at < 0 || wasRaw || strings.Contains(line, "nolint") || strings.Contains(line[:at], `"`) || strings.Contains(line[:at], "`") {
				continue
			}
			comment := line[at+len("// "):]
			whole := strings.TrimSpace(line[:at]) == ""
			columns := len([]rune(strings.ReplaceAll(line, "\t", "    ")))
			if whole && columns > maxCommentColumns && !strings.HasPrefix(comment, " ") && !strings.Contains(comment, "://") {
				t.Errorf("%s:%d: the comment has %d columns, it should wrap at %d", file, i+1, columns, maxCommentColumns)
			}
			if word := personIn(comment); word != "" {
				t.Errorf("%s:%d: %q: name the thing that the comment tells of", file, i+1, word)
			}
		}
	}
}

func personIn(text string) string {
	if m := persons.FindString(text); m != "" {
		return m
	}
	for _, m := range who.FindAllStringSubmatch(text, -1) {
		if !mayBe.MatchString(m[1]) {
			return strings.TrimSpace(m[0])
		}
	}

	return ""
}

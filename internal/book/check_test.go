package book_test

import (
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/book"
)

// TestAWrongDocumentIsFound shows that each check can fail, and that what is right passes it.
func TestAWrongDocumentIsFound(t *testing.T) {
	p, _ := load(t)
	for _, c := range []struct{ name, right, wrong, want string }{
		{"backquotes", "`a b` c", "`a\nb c", "backquotes do not come in pairs"},
		{"link", "[a](promises.md)", "[a](promise.md)", "the link promise.md leads to no file"},
		{"link to a folder", "[a](../wire)", "[a](../wires)", "the link ../wires leads to no file"},
		{"anchor", "[a](promises.md#limits-and-bounds)", "[a](promises.md#limits)", "names a heading that docs/promises.md has not"},
		{"anchor of its own", "# Über `a_b`, c\n[a](#über-a_b-c)", "# One\n[a](#two)", "the link #two names a heading"},
		{"path", "see `internal/book/doc.go`", "see `internal/book/docs.go`", "there is no file internal/book/docs.go"},
		{"path in a shell", "```sh\nls deploy/systemd\n```", "```sh\nls deploy/openrc\n```", "there is no file deploy/openrc"},
		{"file name", "`imports_test.go`", "`exports_test.go`", "there is no file exports_test.go"},
		{"make", "`make deploy`", "`make deployment`", "the Makefile has no target deployment"},
		{"test", "`TestWhatTheDocumentsNameExists`", "`TestWhatTheDocumentsName`", "there is no test TestWhatTheDocumentsName"},
		{"beginning of a test", "`TestWhatThe…`", "`TestWhatThere…`", "there is no test TestWhatThere…"},

		{"flag", "`--cluster-secret`", "`--cluster-secrets`", "no command of parley has the flag --cluster-secrets"},
		{"flag of its command", "`parley send --to bob hi`", "`parley send --with bob hi`", "parley send has no flag --with"},
		{"negated flag", "`parley bench compare --no-nats`", "`parley bench compare --no-spread`", "has no flag --no-spread"},
		{
			"flag in a shell", "```sh\nA=1 bin/parley serve --tcp off \\\n  --http off # --all\n```", "```sh\nA=1 bin/parley serve --tcp off \\\n  --udp off\n```",
			"docs/page.md:2: parley serve has no flag --udp",
		},
		{"flag behind a pipe", "```sh\ncurl --get x | bin/parley chat --with bob\n```", "```sh\ncurl --get x | bin/parley chat --to bob\n```", "has no flag --to"},
		{"subcommand", "`parley admin users bob`", "`parley admin user bob`", "parley admin user is no command"},
		{"command", "`parley version`", "`parley versions`", "parley versions is no command"},
		{"command of go", "```sh\ngo run ./cmd/parley demo\n```", "```sh\ngo run ./cmd/parley tour\n```", "parley tour is no command"},
		{"variable", "PARLEY_ADMIN_KEY", "PARLEY_ADMIN_SECRET", "there is no variable PARLEY_ADMIN_SECRET"},
		{"metric", "`parley_users` `parley_hook_seconds_bucket`", "`parley_user`", "there is no metric parley_user"},

		{"code", "| 404 | 5004 | unknown |", "| 404 | 5011 | unknown |", "5011 is neither a code nor a goodbye"},
		{"code in words", "answered with code 4001", "answered with code 4401", "there is no code 4401"},
		{"goodbye", "goodbye 2005, after 1024 bytes", "goodbye 2044", "there is no goodbye 2044"},
		{"goodbye by its number", "(1001)", "(1009)", "1009 is neither a code nor a goodbye"},
		{"route", "`GET /v1/users/{id}`", "`PUT /v1/users/{id}`", "the API has no PUT /v1/users/{id}"},

		{"identifier", "`dm.SendMessageByUserID(u, id)`", "`dm.SendMessageByUser(u, id)`", "there is no dm.SendMessageByUser"},
		{"identifier in Go", "```go\nparley.HandleCommand(2, 10, f)\n```", "```go\nparley.HandleCommands(2, 10, f)\n```", "there is no parley.HandleCommands"},
		{"field", "`parley.Config.Authenticate`", "`parley.Config.Authentication`", "there is no parley.Config.Authentication"},
		{"method", "`client.Client.Send`", "`client.Client.Shout`", "there is no client.Client.Shout"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if wrong := p.Check(book.Parse("docs/page.md", c.right)); len(wrong) > 0 {
				t.Errorf("%q: %q", c.right, wrong)
			}
			wrong := p.Check(book.Parse("docs/page.md", c.wrong))
			if len(wrong) != 1 || !strings.HasPrefix(wrong[0], "docs/page.md:") || !strings.Contains(wrong[0], c.want) {
				t.Errorf("%q: %q, want %q", c.wrong, wrong, c.want)
			}
		})
	}
}

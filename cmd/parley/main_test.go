package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley/internal/testkit"
)

// asBinary, in the environment, makes the test binary behave as parley: so the tests run real
// processes without building anything.
const asBinary = "PARLEY_TEST_AS_BINARY"

func TestMain(m *testing.M) {
	if os.Getenv(asBinary) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for what should come at once.
const patience = 30 * time.Second

// command runs a command in this process, with nothing in its environment but what is given.
func command(t *testing.T, input string, args ...string) (status int, out, err string) {
	t.Helper()

	return commandWithin(t, patience, input, args...)
}

// commandWithin is command with a time of its own.
func commandWithin(t *testing.T, limit time.Duration, input string, args ...string) (status int, out, err string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var o, e bytes.Buffer
	status = run(ctx, args, &streams{in: strings.NewReader(input), out: &o, err: &e})

	return status, o.String(), e.String()
}

func TestAMistakeIsOneLineAndStatus1(t *testing.T) {
	testkit.Home(t)
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.json")
	if err := os.WriteFile(broken, []byte("{\n\"tpc\": \"x\"}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"send", "--as", "alice", "--to", "b\xffb", "hi"}, `the argument "b\xffb" is not UTF-8`},
		{nil, "expected one of"},
		{[]string{"srve"}, "unexpected argument srve"},
		{[]string{"serve", "--clutser", "x"}, `unknown flag --clutser, did you mean "--cluster"?`},
		{[]string{"serve", "extra"}, "unexpected argument extra"},
		{[]string{"serve", "--tcp", "7200"}, `--tcp: "7200" is no address: write host:port, such as 127.0.0.1:7200, or off`},
		{[]string{"serve", "--tcp="}, `--tcp: "" is no address`},
		{[]string{"serve", "--join", "127.0.0.1:7300"}, "--join needs cluster"},
		{[]string{"serve", "--mesh", "127.0.0.1:0"}, "--mesh is no setting any more: leave it out and set cluster (--cluster)"},
		{[]string{"serve", "--advertise", "10.0.0.1:7300"}, "--advertise needs cluster"},
		{[]string{"serve", "--min-members", "2"}, "--min-members needs cluster"},
		{[]string{"serve", "--cluster", "127.0.0.1:0"}, "--cluster needs cluster_secret"},
		{[]string{"serve", "--cluster", "127.0.0.1:0", "--cluster-secret", "file:" + filepath.Join(dir, "none")}, "--cluster-secret: "},
		{[]string{"serve", "--tcp", "0.0.0.0:0"}, "can be reached from other machines"},
		{[]string{"serve", "--auth-key", "short"}, "at least 32 bytes"},
		{[]string{"serve", "--auth-key", "file:" + filepath.Join(dir, "none")}, "none"},
		{[]string{"serve", "--config", filepath.Join(dir, "none.json")}, "none.json cannot be read"},
		{[]string{"serve", "--config", broken}, `broken.json: line 2: unknown key "tpc" (did you mean "tcp"?); valid: node, tcp,`},
		{[]string{"serve", "--tls-cert", "none", "--tls-key", "none"}, "--tls-cert, --tls-key"},

		{[]string{"token"}, "missing flags: --user"},
		{[]string{"token", "--user", "a\nb"}, "control character"},
		{[]string{"token", "--user", strings.Repeat("a", 129)}, "129 bytes"},
		{[]string{"token", "--user", "a", "--ttl=-1s"}, "is no time to live"},
		{[]string{"token", "--user", "a", "--ttl", "soon"}, "--ttl"},
		{[]string{"token", "--user", "a", "--auth-key", "short"}, "--auth-key: "},

		{[]string{"send", "--to", "bob", "hi"}, "no user: give --as USER, or a --token"},
		{[]string{"send", "--as", "alice", "hi"}, "missing flags: --to"},
		{[]string{"send", "--as", "alice", "--to", "bob"}, `expected "<text> ..."`},
		{[]string{"send", "--as", "alice", "--to", "bob", "--url", "ftp://h", "hi"}, "ftp"},
		{[]string{"send", "--as", "alice", "--to", "bob", "--url", "tcp://127.0.0.1:1", "hi"}, "no server at tcp://127.0.0.1:1 ("},
		{[]string{"send", "--as", "al\x00ice", "--to", "bob", "hi"}, "--as: "},
		{[]string{"send", "--as", "alice", "--to", "bob", "--tls-ca", broken, "hi"}, "has no PEM certificate"},
		{[]string{"send", "--as", "alice", "--to", "bob", "--tls-ca", filepath.Join(dir, "none"), "hi"}, "--tls-ca: "},
		{[]string{"help", "srve"}, "unexpected argument srve"},
		{[]string{"send", "--as", "alice", "--to"}, "--to needs a value"},
		{[]string{"send", "--as", "alice", "--to", "bob", "--timeout", "soon", "hi"}, `--timeout: "soon" is no time: write a number and a unit`},
		{[]string{"chat", "--as", "alice", "--with", "bob", "--stay=x"}, `--stay: "x" is neither true nor false`},
		{[]string{"chat", "--as", "alice", "--with", "bob", "--url", "ws://127.0.0.1:1"}, "no server at ws://127.0.0.1:1 ("},
	} {
		status, out, err := command(t, "", c.args...)
		if status != 1 || out != "" || !strings.HasPrefix(err, "parley: ") || strings.Count(err, "\n") != 1 || !strings.Contains(err, c.want) {
			t.Errorf("parley %q: status %d, printed %q and %q, want %q", c.args, status, out, err, c.want)
		}
	}
}

func TestHelpListsEverySettingOfServe(t *testing.T) {
	status, out, err := command(t, "", "serve", "--help")
	if status != 0 || err != "" {
		t.Fatalf("status %d, %q", status, err)
	}
	for _, want := range []string{"--config=FILE", "--cluster-secret=KEY", "--join=ADDR,…", "--insecure", "--advertise=ADDR", "--min-members=N", "127.0.0.1:7200"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func TestVersionIsOneLine(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		if status, out, _ := command(t, "", arg); status != 0 || !strings.HasPrefix(out, "parley ") || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: status %d, printed %q", arg, status, out)
		}
	}
}

func TestHelpIsACommandToo(t *testing.T) {
	for _, c := range []struct{ command, flag []string }{
		{[]string{"help"}, []string{"--help"}},
		{[]string{"help", "serve"}, []string{"serve", "--help"}},
		{[]string{"help", "bench", "idle"}, []string{"bench", "idle", "--help"}},
	} {
		status, out, errs := command(t, "", c.command...)
		_, want, _ := command(t, "", c.flag...)
		if status != 0 || out != want || errs != "" {
			t.Errorf("parley %q: status %d, %q, %q", c.command, status, out, errs)
		}
	}
}

func TestHelpNamesTheVariablesOfClients(t *testing.T) {
	for _, name := range []string{"send", "chat"} {
		_, out, _ := command(t, "", name, "--help")
		for _, want := range []string{"--tls-ca", "$PARLEY_URL", "$PARLEY_TOKEN", "$PARLEY_AUTH_KEY"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is missing in\n%s", name, want, out)
			}
		}
	}
}

package parley_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
)

// allowedImports lists which packages of the project a package may import (tests aside). A name
// ending in /... stands for a package and all below it. Each package must be here: a new package
// must be added, so that its place is decided.
//
// "ground" stands for the packages that import nothing of ours and know nothing of the network:
// every package may import them.
var allowedImports = map[string][]string{
	// The binary parses, then calls. What it calls beside parley: the client (send), conversations
	// and the tour, the settings (its flags are made from their table), and keys (token).
	"cmd/parley": {
		".", "client", "internal/auth", "internal/bench/...", "internal/chat", "internal/config", "internal/demo", "internal/devkey",
		"internal/notice", "otlp",
	},

	// What the binary shows. Only cmd imports these.
	"internal/demo":   {".", "client", "internal/auth", "internal/chat", "internal/demopage", "internal/devkey", "internal/httpapi", "internal/notice"},
	"internal/chat":   {"client", "wire"},
	"internal/notice": {"dm", "user", "wire"},

	// The load generator speaks the wire by itself: the client library would be measured along. It
	// starts nodes in its own process too, and makes its users' tokens. The NATS server that it
	// compares with is a package that knows nothing of Parley.
	"internal/bench":           {"internal/auth", "wire"},
	"internal/bench/natsbench": {},

	// Chaos runs the binary and the public Go client. The library only makes tokens for it.
	"internal/chaos":           {".", "client", "wire", "internal/chaos/storageop"},
	"internal/chaos/cmd/chaos": {"internal/chaos"},

	// The nodes of its runs with storages have a command for them.
	"internal/chaos/cmd/storagenode": {".", "dive", "user", "internal/chaos/storageop"},
	"internal/chaos/storageop":       {"dive"},

	// The only place where the parts meet.
	".": {
		"dm", "user", "wire", "internal/sessions", "internal/cluster", "internal/directory", "internal/link",
		"internal/gateway", "internal/command", "internal/auth", "internal/certs", "internal/config", "internal/devkey", "internal/httpapi",
		"internal/messages", "internal/netio", "internal/tracing", "internal/metrics", "internal/locate", "internal/linger",
		"internal/operator", "internal/hook", "internal/webhook", "internal/demopage", "internal/overview", "internal/web", "dive",
		"internal/storages", "internal/natsnode",
	},

	// Storages: the API, its values, and the stream that keeps them. What a node tells them comes
	// through internal/storages; natsnode is the way to JetStream, a server of its own included.
	// Direct messages know nothing of all that.
	"dive":                 {"internal/storages", "internal/natsnode", "dive/internal/bucket"},
	"dive/internal/bucket": {},
	"internal/storages":    {"internal/natsnode"},
	"internal/natsnode":    {},

	// The thin API, the goroutines around the core, packets, and the core itself. What a node tells
	// them comes through internal/messages.
	"dm": {"user", "wire", "internal/messages", "dm/internal/codec", "dm/internal/runtime"},
	"dm/internal/runtime": {
		"user", "wire", "internal/command", "internal/sessions", "internal/messages", "internal/tracing", "dm/internal/codec",
		"dm/internal/core",
	},
	"dm/internal/codec": {"dm/internal/core"},
	"dm/internal/core":  {},
	"internal/messages": {"user", "internal/command", "internal/tracing"},
	"internal/tracing":  {}, // spans of messages
	"otlp":              {"internal/tracing"},
	"client":            {"wire", "internal/netio"},

	"internal/gateway": {"user", "internal/sessions", "internal/command", "internal/auth", "internal/netio", "wire"},
	"internal/command": {"user", "internal/sessions", "wire"}, // wire for the codes of its answers
	"internal/auth":    {"user"},                              // for what a user ID is

	// Links carry packets between two nodes and know nothing of membership; the directory knows
	// neither links nor membership: the cluster's view is told to it.
	"internal/cluster":     {"internal/link", "internal/netio"},
	"internal/link":        {"internal/netio"},
	"internal/link/memnet": {},
	"internal/directory":   {},

	"internal/book":     {"internal/config", "wire"}, // tests only: what documents name
	"internal/config":   {},
	"internal/hook":     {},                           // knows messages by their fields only
	"internal/overview": {},                           // nodes as they describe themselves, merged into one picture
	"internal/admin":    {"internal/overview"},        // packets of its own on the links of the cluster
	"internal/httpapi":  {"wire", "internal/tracing"}, // what it shows comes through an interface of its own
	"internal/web":      {},                           // the pages that the binary embeds
	// What the demo page asks its server.
	"internal/demopage": {"dm", "user", "wire", "internal/httpapi", "internal/web"},
	// What operators ask for, and the waiting for users of a node that stops.
	"internal/operator": {
		"dm", "user", "wire", "internal/admin", "internal/directory", "internal/gateway", "internal/httpapi", "internal/locate", "internal/overview", "internal/sessions",
	},
	"internal/webhook": {"dm", "user", "internal/hook"},
	"internal/locate":  {"internal/directory"},
	"internal/linger":  {"user"},

	"internal/metrics": {
		"dm", "internal/directory", "internal/gateway", "internal/hook", "internal/httpapi", "internal/link", "internal/messages", "internal/natsnode",
		"internal/storages",
	},
	"internal/certs":  {}, // where certificates are is told to it
	"internal/devkey": {"internal/auth"},

	"user":                {"internal/session"},
	"internal/session":    {},                           // the engine's half of a user
	"internal/sessions":   {"user", "internal/session"}, // and how the engine reaches it
	"wire":                {},
	"internal/strictjson": {},
	"internal/netio":      {},
	"internal/logwriter":  {}, // a log that never blocks
	"internal/quota":      {}, // the memory of all queues
	"internal/testkit":    {}, // tests only
	"internal/node":       {}, // what names a node, a session and a moment
	"internal/latency":    {}, // how long things take
	"internal/value":      {}, // values as bytes, with their Go type

	// A node without others, for tests only.
	"internal/testkit/onenode": {
		"dm", "user", "internal/command", "internal/messages", "internal/sessions", "internal/testkit",
	},

	// The suite runs nodes, and clients through their adapters; the Go client's adapter is one of
	// them.
	"sdk/conformance":           {".", "user", "wire", "sdk/conformance/adapter"},
	"sdk/conformance/adapter":   {"client"},
	"sdk/conformance/goadapter": {"sdk/conformance/adapter"},

	// Examples are written as their readers would write them: with public packages only.
	"examples/...": {".", "dm", "dive", "user", "client", "wire"},
}

var ground = []string{"internal/quota", "internal/strictjson", "internal/logwriter", "internal/node", "internal/latency", "internal/value"}

// externalImports lists which packages may import a library, or a part of the standard library that
// belongs to another layer. Where several prefixes fit, all must allow it.
var externalImports = []struct {
	path string // this package and all below it
	by   []string
	why  string
}{
	{
		"github.com/nats-io", []string{"internal/bench/natsbench", "internal/natsnode", "dive/internal/bucket"},
		"NATS keeps the storages, and is a competitor in the comparison",
	},
	{"github.com/hashicorp", []string{"internal/cluster"}, "only membership knows gossip"},
	{"github.com/gobwas", []string{"internal/gateway"}, "only the gateway knows how bytes come in"},
	{"github.com/golang-jwt", []string{"internal/auth", "examples/..."}, "only auth knows tokens"},
	{"github.com/KimMachineGun", []string{"cmd/parley"}, "only the binary sets the limits of its process"},
	{"github.com/alecthomas/kong", []string{"cmd/parley"}, "only the binary has a command line"},
	{"github.com/prometheus", []string{"internal/httpapi"}, "only HTTP shows metrics"},
	{"go.opentelemetry.io", []string{".", "internal/demopage", "internal/tracing", "otlp"}, "only the tracer makes spans, and the demo page shows them"},
	{"go.opentelemetry.io/otel/sdk", []string{"otlp"}, "a program that does not export has no exporter"},
	{"go.opentelemetry.io/otel/exporters", []string{"otlp"}, "a program that does not export has no exporter"},
	{"charm.land", []string{"internal/chat"}, "only a conversation has a screen"},
	{"github.com/charmbracelet", []string{"cmd/parley", "internal/chat"}, "only the binary has a terminal"},
	{
		"os/signal",
		[]string{"cmd/parley", "internal/chaos/cmd/chaos", "internal/chaos/cmd/storagenode", ".", "examples/..."},
		"a library takes no signals: only programs and parley.Start do",
	},
}

// forbiddenStdlib lists what a package, and all below it, must not import from the standard
// library.
var forbiddenStdlib = []struct {
	pkg string
	of  []string
}{
	{"dm", []string{"net", "net/http", "encoding/json"}},                                                             // settings are read by internal/strictjson
	{"dm/internal/core", []string{"os", "io", "sync", "sync/atomic", "context", "log/slog", "time", "math/rand/v2"}}, // no I/O, no goroutine, no clock
	{"user", []string{"net", "net/http"}},
	{"wire", []string{"net", "net/http", "os"}},
	{"internal/command", []string{"net", "net/http"}},
	{"internal/directory", []string{"net", "net/http", "encoding/json"}},
}

func TestImportsRunOneWay(t *testing.T) {
	for _, goos := range []string{"linux", "darwin", "windows"} {
		for _, p := range list(t, goos) {
			name := short(p.ImportPath)
			allowed, known := rule(name)
			if !known {
				t.Errorf("%s is not in the import list of the allowedImports: decide where it stands", name)

				continue
			}
			for _, imported := range p.Imports {
				if ours(imported) {
					if to := short(imported); !among(to, allowed) && !among(to, ground) {
						t.Errorf("%s imports %s, which the import list of the allowedImports does not allow (%s)", name, to, goos)
					}

					continue
				}
				for _, s := range externalImports {
					if within(imported, s.path) && !among(name, s.by) {
						t.Errorf("%s imports %s: %s", name, imported, s.why)
					}
				}
			}
		}
	}
}

func TestPackagesKnowNothingOfOtherLayers(t *testing.T) {
	for _, p := range list(t, "linux") {
		name := short(p.ImportPath)
		for _, w := range forbiddenStdlib {
			if !within(name, w.pkg) {
				continue
			}
			for _, file := range p.GoFiles {
				for _, imported := range importsOf(t, filepath.Join(p.Dir, file)) {
					if slices.Contains(w.of, imported) {
						t.Errorf("%s imports %s: %s must not know of it", path.Join(name, file), imported, w.pkg)
					}
				}
			}
		}
	}
}

func TestEveryPackageWithTestsLooksForLeaks(t *testing.T) {
	for _, p := range list(t, "linux") {
		files := slices.Concat(p.TestGoFiles, p.XTestGoFiles)
		if len(files) > 0 && !slices.ContainsFunc(files, func(name string) bool {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}

			return bytes.Contains(text, []byte("goleak.VerifyTestMain(m)"))
		}) {
			t.Errorf("%s has tests, and no TestMain with goleak.VerifyTestMain(m)", short(p.ImportPath))
		}
	}
}

func TestEveryPackageHasItsManual(t *testing.T) {
	for _, p := range list(t, "linux") {
		if !slices.Contains(p.GoFiles, "doc.go") && !within(short(p.ImportPath), "examples") {
			t.Errorf("%s has no doc.go", short(p.ImportPath))
		}
	}
}

// rule finds what a package may import: under its own name, or under the longest name with /...
// that covers it.
func rule(name string) (allowed []string, known bool) {
	if allowed, known = allowedImports[name]; known {
		return allowed, true
	}
	for above := name; above != "."; above = path.Dir(above) {
		if allowed, known = allowedImports[above+"/..."]; known {
			return allowed, true
		}
	}

	return nil, false
}

package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/internal/notice"
)

// asNode, in the environment, makes the test binary behave as `parley serve`, as far as the demo
// needs it.
const asNode = "PARLEY_TEST_AS_NODE"

func TestMain(m *testing.M) {
	if os.Getenv(asNode) != "" {
		serveNode()
	}
	goleak.VerifyTestMain(m)
}

// serveNode runs a node until the process is killed.
func serveNode() {
	args := map[string]string{}
	for i := 2; i+1 < len(os.Args); i += 2 {
		args[os.Args[i]] = os.Args[i+1]
	}
	server, err := parley.New(parley.Config{
		Node: args["--node"], TCP: args["--tcp"], HTTP: args["--http"], Cluster: args["--cluster"],
		Join: strings.Split(args["--join"], ","), ClusterSecret: os.Getenv("PARLEY_CLUSTER_SECRET"), LogLevel: "error",
	})
	if err == nil {
		server.DM().ExposeCommands()
		notice.Attach(server.DM())
		err = server.Start(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("clients  tcp://%s\nweb      ws://%s/ws\ncluster  %s\nready\n", server.TCPAddr(), server.HTTPAddr(), server.ClusterAddr())
	<-server.Done()
	os.Exit(0)
}

func options(t *testing.T, out io.Writer) Options {
	t.Helper()
	t.Setenv(asNode, "1")

	return Options{Out: out, Fast: true, Program: os.Args[0], Command: "parley"}
}

// home keeps the development key of the demo's nodes out of the real cache.
func home(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, dir)
	}
}

func once(o Options) Options {
	o.Once = true

	return o
}

func TestTheTourTellsEveryStep(t *testing.T) {
	home(t)
	var out bytes.Buffer
	if err := Run(t.Context(), once(options(t, &out))); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, step := range []string{"\n1. ", "\n2. ", "\n3. ", "\n4. ", "\n5. ", "\n6. ", "\n7. ", "\n8. "} {
		if !strings.Contains(out.String(), step) {
			t.Errorf("step %q is missing in\n%s", step, &out)
		}
	}
}

// stopper stops the tour as soon as it says something.
type stopper struct {
	word string
	stop context.CancelFunc
}

func (s *stopper) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(s.word)) {
		s.stop()
	}

	return len(p), nil
}

func TestCtrlCEndsTheTourAtAnyStep(t *testing.T) {
	home(t)
	for _, word := range []string{"1. ", "2. ", "4. ", "5. ", "8. ", "It stays up"} {
		ctx, stop := context.WithCancel(t.Context())
		if err := Run(ctx, options(t, &stopper{word: word, stop: stop})); err != nil {
			t.Errorf("leaving at %q: %v", word, err)
		}
		stop()
	}
}

func TestShortRoundsToThreeDigits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0 s", 999: "999 ns", 123456: "123 µs", 1234567: "1.23 ms", 12345678: "12.3 ms", 1234567890: "1.23 s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

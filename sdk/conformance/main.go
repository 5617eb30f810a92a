package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

const usage = `usage: go run ./sdk/conformance [-run WORD] [-transport ws|tcp] [--] COMMAND [ARGUMENT ...]

COMMAND starts the adapter of a client: see sdk/conformance/README.md.
`

func main() {
	run := flag.String("run", "", "play only scripts with this word in their names")
	transport := flag.String("transport", "", "play with this transport only")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	command := flag.Args()
	if len(command) == 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := suite(context.Background(), os.Stdout, command, *run, *transport); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// suite plays the scripts with each transport of the adapter, and tells out how each went.
func suite(ctx context.Context, out io.Writer, command []string, word, transport string) error {
	scripts, err := readScripts()
	if err != nil {
		return err
	}
	hello, err := introduce(ctx, command)
	if err != nil {
		return err
	}
	played, failed := 0, 0
	for _, tr := range hello.Transports {
		if transport != "" && tr != transport {
			continue
		}
		for _, s := range scripts {
			if !strings.Contains(s.name, word) {
				continue
			}
			if lacking := s.lacks(hello, tr); lacking != "" {
				fmt.Fprintf(out, "skip  %s %-4s %s: needs %s\n", hello.Adapter, tr, s.name, lacking)

				continue
			}
			played++
			start := time.Now()
			err := play(ctx, command, s, tr)
			took := time.Since(start).Round(10 * time.Millisecond)
			if err != nil {
				failed++
				fmt.Fprintf(out, "FAIL  %s %-4s %s (%v)\n%v\n", hello.Adapter, tr, s.name, took, err)

				continue
			}
			fmt.Fprintf(out, "ok    %s %-4s %s (%v)\n", hello.Adapter, tr, s.name, took)
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%s fails %d of %d scripts", hello.Adapter, failed, played)
	case played == 0:
		return errors.New("no script was played")
	}
	fmt.Fprintf(out, "%s passes %d scripts\n", hello.Adapter, played)

	return nil
}

// introduce starts an adapter for its first line alone.
func introduce(ctx context.Context, command []string) (adapter.Hello, error) {
	p, err := startAdapter(ctx, command)
	if err != nil {
		return adapter.Hello{}, err
	}
	if err := p.stop(); err != nil {
		return adapter.Hello{}, err
	}
	for _, tr := range p.hello.Transports {
		if !slices.Contains([]string{adapter.TransportTCP, adapter.TransportWS}, tr) {
			return adapter.Hello{}, fmt.Errorf("the adapter's transport %q is none: want tcp or ws", tr)
		}
	}

	return p.hello, nil
}

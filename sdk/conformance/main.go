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
	"sync"
	"time"

	"github.com/parley-dm/parley/sdk/conformance/adapter"
)

const usage = `usage: go run ./sdk/conformance [FLAG ...] [--] COMMAND [ARGUMENT ...]

COMMAND starts the adapter of a client: see sdk/conformance/README.md.
`

func main() {
	var o options
	flag.StringVar(&o.word, "run", "", "play only scripts with this word in their names")
	flag.StringVar(&o.transport, "transport", "", "play with this transport only: tcp or ws")
	flag.IntVar(&o.parallel, "parallel", 4, "scripts that are played side by side")
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
	if err := suite(context.Background(), os.Stdout, command, o); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	word      string // of the scripts' names; empty: all
	transport string // empty: all of the adapter
	parallel  int    // scripts at a time
}

// result is how a script went.
type result struct {
	script    script
	transport string
	lacking   string // a feature that the client has not: the script was not played
	took      time.Duration
	err       error
}

// suite plays the scripts with each transport of the adapter, and tells out how each went.
func suite(ctx context.Context, out io.Writer, command []string, o options) error {
	scripts, err := readScripts()
	if err != nil {
		return err
	}
	hello, err := introduce(ctx, command)
	if err != nil {
		return err
	}
	var all []*result
	for _, tr := range hello.Transports {
		for _, s := range scripts {
			if strings.Contains(s.name, o.word) && (o.transport == "" || o.transport == tr) {
				all = append(all, &result{script: s, transport: tr, lacking: s.lacks(hello, tr)})
			}
		}
	}
	playAll(ctx, command, all, o.parallel)

	return report(out, hello.Adapter, all)
}

// playAll plays scripts side by side: most of their time they wait.
func playAll(ctx context.Context, command []string, all []*result, parallel int) {
	places := make(chan struct{}, max(parallel, 1))
	var playing sync.WaitGroup
	for _, r := range all {
		if r.lacking != "" {
			continue
		}
		places <- struct{}{}
		playing.Go(func() {
			defer func() { <-places }()
			start := time.Now()
			r.err = play(ctx, command, r.script, r.transport)
			r.took = time.Since(start).Round(10 * time.Millisecond)
		})
	}
	playing.Wait()
}

// report tells out how each script went. The error counts those that failed.
func report(out io.Writer, client string, all []*result) error {
	played, failed := 0, 0
	for _, r := range all {
		name := fmt.Sprintf("%s %-3s %s", client, r.transport, r.script.name)
		switch {
		case r.lacking != "":
			fmt.Fprintf(out, "skip  %s: needs %s\n", name, r.lacking)

			continue
		case r.err != nil:
			failed++
			fmt.Fprintf(out, "FAIL  %s (%v)\n%v\n", name, r.took, r.err)
		default:
			fmt.Fprintf(out, "ok    %s (%v)\n", name, r.took)
		}
		played++
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%s fails %d of %d scripts", client, failed, played)
	case played == 0:
		return errors.New("no script was played")
	}
	fmt.Fprintf(out, "%s passes %d scripts\n", client, played)

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

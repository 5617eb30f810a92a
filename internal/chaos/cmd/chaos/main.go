package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/parley-dm/parley/internal/chaos"
)

func main() { os.Exit(run()) }

func run() int {
	var o chaos.Options
	flag.DurationVar(&o.Time, "time", 10*time.Minute, "how long faults are made")
	flag.Uint64Var(&o.Seed, "seed", 0, "of the faults (default: of the clock)")
	flag.IntVar(&o.Nodes, "nodes", 4, "3 to 5")
	flag.IntVar(&o.Clients, "clients", 300, "users, each with a client")
	flag.IntVar(&o.Rate, "rate", 1000, "messages a second, of all users together")
	flag.DurationVar(&o.Within, "within", time.Minute, "how long peers may take to hear of an end, and everything to work again")
	flag.BoolVar(&o.Watch, "watch", false, "print each fault")
	flag.BoolVar(&o.Namespaces, "namespaces", true, "give the nodes a network of their own, where the system has one")
	flag.BoolVar(&o.Short, "short", false, "only the most telling faults")
	flag.IntVar(&o.Starts, "starts", 0, "how often six nodes start together before the run (default 10, with -short 1)")
	flag.DurationVar(&o.KillNotice, "kill-notice", 0, "how long peers may take to hear of a killed process (default 250ms)")
	flag.DurationVar(&o.VanishNotice, "vanish-notice", 0, "and of a machine that vanished (default 2s)")
	flag.StringVar(&o.Binary, "binary", "", "the parley binary (default: built from ./cmd/parley)")
	storages := flag.Bool("storages", false, "clients use storages instead of messages (default then: 5 nodes, 12 clients)")
	race := flag.Bool("race", false, "build it with the race detector")
	flag.Parse()
	if *storages {
		forStorages(&o)
	}
	if o.Namespaces {
		if status, done := chaos.Rootless(); done {
			return status
		}
	}
	o.Out = os.Stdout
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run, command := runMessages, "./cmd/parley"
	if *storages {
		run, command = runStorages, "./internal/chaos/cmd/storagenode"
	}
	report, err := prepareAndRun(ctx, o, *race, command, run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)

		return 1
	}
	report.Print(os.Stdout)
	if !report.OK() {
		return 1
	}

	return 0
}

// report is the result of a run.
type report interface {
	OK() bool
	Print(w io.Writer)
}

func runMessages(ctx context.Context, o chaos.Options) (report, error) {
	r, err := chaos.Run(ctx, o)
	if err != nil {
		return nil, err
	}

	return r, nil
}

func runStorages(ctx context.Context, o chaos.Options) (report, error) {
	r, err := chaos.RunStorages(ctx, o)
	if err != nil {
		return nil, err
	}

	return r, nil
}

// forStorages leaves it to a run with storages how many nodes and clients there are, unless flags
// say so.
func forStorages(o *chaos.Options) {
	nodes, clients := 0, 0
	flag.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "nodes":
			nodes = o.Nodes
		case "clients":
			clients = o.Clients
		}
	})
	o.Nodes, o.Clients = nodes, clients
}

// prepareAndRun makes a directory for the binary and the logs, which is kept if the logs may be
// wanted.
func prepareAndRun(
	ctx context.Context, o chaos.Options, race bool, command string, run func(context.Context, chaos.Options) (report, error),
) (result report, err error) {
	if o.Dir, err = os.MkdirTemp("", "parley-chaos-"); err != nil {
		return nil, err
	}
	defer func() {
		if result != nil && result.OK() {
			_ = os.RemoveAll(o.Dir)
		}
	}()
	if o.Binary == "" {
		o.Binary = filepath.Join(o.Dir, "parley")
		if runtime.GOOS == "windows" {
			o.Binary += ".exe"
		}
		args := []string{"build", "-o", o.Binary}
		if race {
			args = append(args, "-race")
		}
		build := exec.CommandContext(ctx, "go", append(args, command)...) //nolint:gosec // the flags are ours
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("chaos: go build: %w: %s", err, out)
		}
	}

	return run(ctx, o)
}

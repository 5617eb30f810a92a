package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"github.com/parley-dm/parley/internal/logwriter"
)

// lastWordsTime is how long a process that ends waits for the readers of its output.
const lastWordsTime = time.Second

// streams are the process's ends to the world, so that tests can hold them.
type streams struct {
	in       io.Reader
	out, err io.Writer
	environ  []string // "NAME=value" each
}

func main() {
	ctx, stop := untilSignal(context.Background(), os.Exit)
	status := run(ctx, os.Args[1:], &streams{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()})
	stop()
	os.Exit(status)
}

// commands is the command line.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run a node."`
	Demo    demoCommand    `cmd:"" help:"Take a tour: three nodes in one process, users on different ones, and what happens between them."`
	Chat    chatCommand    `cmd:"" help:"Talk to a user on the terminal; a pipe in is a message a line."`
	Send    sendCommand    `cmd:"" help:"Send one message and say what became of it."`
	Token   tokenCommand   `cmd:"" help:"Print a token that lets a user log in."`
	Bench   benchCommand   `cmd:"" help:"Measure: round trips, rates, logins, memory; beside a floor and plain NATS."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// exit is thrown by kong's way out (after --help), and caught by run.
type exit int

// run does what the arguments say and returns the exit status.
func run(ctx context.Context, args []string, s *streams) (status int) {
	defer func() {
		if thrown := recover(); thrown != nil {
			code, ok := thrown.(exit)
			if !ok {
				panic(thrown)
			}
			status = int(code)
		}
	}()
	var c commands
	c.Serve.Plugins = settingsFlags()
	parser, err := kong.New(&c,
		kong.Name("parley"),
		kong.Description("Direct messages between two users, by user ID, whichever server of a cluster each of them is connected to."),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { panic(exit(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s),
	)
	if err != nil {
		return fail(s, err)
	}
	for _, arg := range args {
		if !utf8.ValidString(arg) { // the parser would change it: another user's ID, perhaps
			return fail(s, fmt.Errorf("the argument %q is not UTF-8", arg))
		}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		return fail(s, fmt.Errorf("%w (parley --help shows more)", err))
	}
	if err := parsed.Run(parsed); err != nil {
		return fail(s, err)
	}

	return 0
}

// fail says what was wrong, in one line, and does not wait for long until it is read: the process is
// to end.
func fail(s *streams, err error) int {
	out := logwriter.New(s.err, nil)
	fmt.Fprintln(out, "parley:", strings.Join(strings.Fields(err.Error()), " "))
	_ = out.Close(lastWordsTime)

	return 1
}

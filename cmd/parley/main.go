package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
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
	Demo    demoCommand    `cmd:"" help:"See it: three nodes, a page in the browser to talk and to kill nodes, and a tour in the terminal."`
	Chat    chatCommand    `cmd:"" help:"Talk to a user on the terminal. With input from a pipe, each line is sent as one message."`
	Send    sendCommand    `cmd:"" help:"Send one message and print its outcome."`
	Token   tokenCommand   `cmd:"" help:"Print a token that lets a user log in."`
	Admin   adminCommand   `cmd:"" help:"Ask a node where users are, send one away, list the nodes, send in any name."`
	Ready   readyCommand   `cmd:"" help:"Ask a node whether it takes users: for health checks. Exit status 1: it does not, and why."`
	Bench   benchCommand   `cmd:"" help:"Measure: round trips, rates, logins, memory; beside a floor and plain NATS."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Help    helpCommand    `cmd:"" help:"Show this help, or that of a command: parley help serve."`

	DemoNode demoNode `cmd:"" hidden:""`

	PrintVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// helpCommand stands in the help text; withHelp makes it the flag --help.
type helpCommand struct {
	Command []string `arg:"" help:"The command." optional:""`
}

// Run is not reached: see withHelp.
func (*helpCommand) Run() error { return nil }

// withHelp turns "help serve" into "serve --help".
func withHelp(args []string) []string {
	if len(args) == 0 || args[0] != "help" {
		return args
	}

	return append(slices.DeleteFunc(slices.Clone(args[1:]), func(s string) bool { return s == "--help" }), "--help")
}

// exit is an exit status: the panic of kong's exit after --help, which run recovers, or the error
// of a command that has printed all there is to say.
type exit int

// Error is the status in words.
func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

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
		kong.Vars{"version": versionLine()},
	)
	if err != nil {
		return fail(s, err)
	}
	for _, arg := range args {
		if !utf8.ValidString(arg) { // the parser would change it: another user's ID, perhaps
			return fail(s, fmt.Errorf("the argument %q is not UTF-8", arg))
		}
	}
	parsed, err := parser.Parse(withHelp(args))
	if err != nil {
		return fail(s, fmt.Errorf("%s (parley --help shows more)", mistake(err)))
	}
	if err := parsed.Run(parsed); err != nil {
		if code, ok := errors.AsType[exit](err); ok {
			return int(code)
		}

		return fail(s, err)
	}

	return 0
}

// mistake is an error of the parser with its terms replaced by what would be right.
func mistake(err error) string {
	text := err.Error()
	if flag, rest, ok := strings.Cut(text, ": expected "); ok && strings.Contains(rest, `"EOL"`) {
		return flag + " needs a value"
	}
	if flag, bad, ok := strings.Cut(text, `: expected duration but got `); ok {
		bad, _, _ = strings.Cut(bad, ": ")

		return flag + ": " + bad + " is no time: write a number and a unit, such as 500ms, 10s or 2m"
	}
	if flag, bad, ok := strings.Cut(text, `: bool value must be true, 1, yes, false, 0 or no but got `); ok {
		return flag + ": " + bad + " is neither true nor false"
	}

	return text
}

// fail says what was wrong, in one line, and does not wait for long until it is read: the process
// is to end.
func fail(s *streams, err error) int {
	out := logwriter.New(s.err, nil)
	fmt.Fprintln(out, "parley:", strings.Join(strings.Fields(err.Error()), " "))
	_ = out.Close(lastWordsTime)

	return 1
}

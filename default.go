package parley

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/config"
	"github.com/parley-dm/parley/user"
)

// Handler handles one command of a client: ver and cmd are the command's, u is the user. Payload
// belongs to the handler.
//
// A handler must call next once, now or later, from any goroutine: with nil to let the next handler
// of the same command run after it has returned, with an error to end the command there. The user's
// following commands wait until then, so a handler that waits for something should return first and
// call next later; the client's connection is read meanwhile.
//
// A request whose client wants a response gets exactly one, by [user.User.ServerRespond]. If the
// handlers give none, the engine does: status 1 without data after next(nil), 5008 with the error's
// text after next(err) and after a panic. If err is or wraps a [*wire.Error], its code takes the
// place of 5008: a handler refuses what the user may not do with
// next(&wire.Error{Code: wire.CodeNotAllowed, Text: "..."}), and hands on an error of package dm as
// it is. A handler that has returned and does not call next within dm's reliable timeout is
// answered for with 5008 and logged once; the user's next command runs, and a later call of next
// does nothing.
type Handler func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error))

// standard is what the package-level functions have been told before the default node is made.
var standard struct {
	sync.Mutex

	file string
	hook auth.Hook
	set  []func(*Server)

	onStart   []func()
	onStarted []func()
	server    *Server            // nil until Start has made it
	cancel    context.CancelFunc // tells the node to stop; nil until then
}

// Setup names the settings file of the default node. The environment (PARLEY_...) counts more than
// the file. What is wrong with either is said by Start.
func Setup(confpath string) {
	standard.Lock()
	defer standard.Unlock()
	standard.file = confpath
}

// SetAuthenticate gives the default node a function that takes the place of auth keys: see
// [Config.Authenticate]. It must be called before Start.
func SetAuthenticate(f func(ctx context.Context, token string, remote net.Addr) (userID string, expiresAt time.Time, err error)) {
	standard.Lock()
	defer standard.Unlock()
	standard.hook = f
}

// HandleCommand adds a handler of the command ver, cmd of the default node's clients. Handlers of
// one command run in the order in which they were added; a user's commands run one after another.
// It panics if ver is 0 or 1, which belong to the engine, or if the handler is nil. It must be
// called before Start.
func HandleCommand(ver uint8, cmd uint16, handler Handler) {
	command.Check(ver, cmd, command.Handler(handler))
	later(func(s *Server) { s.HandleCommand(ver, cmd, handler) })
}

func later(f func(*Server)) {
	standard.Lock()
	defer standard.Unlock()
	standard.set = append(standard.set, f)
}

// Start runs the default node until the process gets SIGINT or SIGTERM, and returns when it has
// drained; a second signal ends the process at once. SIGHUP has it [Server.Reload]. If the node
// cannot start, it says why in one line and ends the process with status 1.
func Start() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	pipes := make(chan os.Signal, 1) // with it, a closed pipe on standard output or error is an error of the write
	signal.Notify(pipes, syscall.SIGPIPE)
	defer signal.Stop(pipes)
	if err := run(ctx, stop); err != nil {
		fmt.Fprintln(os.Stderr, "parley: "+err.Error())
		os.Exit(1) //nolint:gocritic // stop is of no use any more
	}
}

func run(ctx context.Context, onStop func()) error {
	standard.Lock()
	file, set, hook := standard.file, standard.set, standard.hook
	standard.Unlock()
	cfg, err := config.Load(config.Sources{File: file, Environ: os.Environ(), OwnAuth: hook != nil})
	if err != nil {
		return err
	}
	s, err := newServer(cfg, user.Default, dm.Default, dive.Default, nil) //nolint:contextcheck // it only reads files
	if err != nil {
		return err
	}
	s.hook = hook
	for _, f := range set {
		f(s)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	begin(s, cancel)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	if err := s.Start(ctx); err != nil {
		return err
	}
	started()
	for running := true; running; {
		select {
		case <-ctx.Done():
			running = false
		case <-hangups:
			_ = s.Reload(ctx) // it logs what is wrong
			s.ReloadLogLevel(func() (Config, error) { return LoadConfig(file, os.Environ(), nil) })
		case <-s.Done():
			return s.Err()
		}
	}
	onStop() // a second signal ends the process
	drain, cancelDrain := context.WithTimeout(context.Background(), s.StopTime())
	defer cancelDrain()

	return s.Stop(drain) //nolint:contextcheck // ctx has ended: that is why it stops
}

package parley

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"

	"github.com/puzpuzpuz/xsync/v4"
	"golang.org/x/time/rate"

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/internal/certs"
	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/command"
	"github.com/parley-dm/parley/internal/config"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/hook"
	"github.com/parley-dm/parley/internal/latency"
	"github.com/parley-dm/parley/internal/linger"
	"github.com/parley-dm/parley/internal/link"
	"github.com/parley-dm/parley/internal/locate"
	"github.com/parley-dm/parley/internal/logwriter"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/internal/netio"
	"github.com/parley-dm/parley/internal/node"
	"github.com/parley-dm/parley/internal/operator"
	"github.com/parley-dm/parley/internal/overview"
	"github.com/parley-dm/parley/internal/quota"
	"github.com/parley-dm/parley/internal/webhook"
	"github.com/parley-dm/parley/user"
	"github.com/parley-dm/parley/wire"
)

// Statuses of a response, for user.User.ServerRespond.
const (
	StatusOK    = uint8(wire.StatusOK)    // done
	StatusBad   = uint8(wire.StatusBad)   // the request was wrong
	StatusError = uint8(wire.StatusError) // the request was right and failed
)

// ErrorData is the message of a response with [StatusBad] or [StatusError]: a code and a text,
// which clients get as an error. The codes in package wire are the engine's own.
func ErrorData(code wire.Code, text string) []byte { return wire.AppendErrorData(nil, code, text) }

// Errors of a Server. Test with errors.Is.
var (
	// ErrStarted: the server has been started before.
	ErrStarted = errors.New("parley: the server has been started before")
	// ErrNotReady: the server takes no users, not yet or not any more.
	ErrNotReady = errors.New("parley: the node takes no users")
)

// Server is one node. Its methods are safe for use by several goroutines; handlers and callbacks
// are set before Start.
type Server struct {
	cfg      config.Config
	keys     *auth.Keyring // nil: hook
	hook     auth.Hook     // nil: keys
	certs    *certs.Certs  // nil: no TLS, or not started
	log      *slog.Logger
	logLines *logwriter.Writer // behind log; nil if a test gave the logger
	logLevel *slog.LevelVar    // of log
	users    *user.Registry
	router   *command.Router
	// queueMemory is shared by the queues of all clients, towards them and from them.
	queueMemory *quota.Pool
	dm          *dm.Module
	messages    messages.Engine // of dm
	dive        *dive.Module

	onReady     []func()
	onTerminate []func()

	begun      atomic.Bool
	ready      atomic.Bool
	stopping   atomic.Bool
	takesUsers atomic.Bool   // WebSocket clients are let in
	done       chan struct{} // closed when the node has drained

	cork      link.Cork    // of what several clients send in a row
	loops     *netio.Loops // read clients and links
	cluster   *cluster.Cluster
	directory *directory.Directory
	gateway   *gateway.Gateway
	web       *http.Server
	profiles  *http.Server // nil: none are served
	admin     *http.Server // nil: there is no listener for operators
	tcpAddr   net.Addr
	httpAddr  net.Addr
	pprofAddr net.Addr
	adminAddr net.Addr
	serving   sync.WaitGroup

	dev          *devPage         // nil: the demo page is not shown
	webhook      *webhook.Webhook // nil: there is none
	lingering    linger.Users
	traces       traces
	predecessors predecessors // of sessions whose logins are under way
	leftBehind   leftBehindLog
	handedOver   atomic.Bool                      // while the node stops, a user has come back elsewhere
	inTransition *xsync.Map[node.SID, *user.User] // users whose login or farewell is under way
	pauses       atomic.Uint64                    // how often this process did not run for a while
	failure      atomic.Pointer[error]            // why the node has stopped by itself

	operator *operator.Operator
	lookups  *locate.Lookups
	views    overview.History // for the dashboard

	loginTimes latency.Histogram // of claims

	refused    atomic.Int64 // logins that the cluster has not confirmed, and that the log has not told of
	refusedLog rate.Sometimes
	stopOnce   sync.Once
	stopErr    error
}

// New makes a node from its settings, which it checks. It opens nothing: Start does.
func New(cfg Config) (*Server, error) {
	complete, err := config.Complete(cfg.internal())
	if err != nil {
		return nil, err
	}

	s, err := newServer(complete, user.NewRegistry(), dm.New(), dive.NewModule(), nil)
	if err != nil {
		return nil, err
	}
	s.hook, s.traces.provider = cfg.Authenticate, cfg.TracerProvider

	return s, nil
}

func newServer(cfg config.Config, users *user.Registry, module *dm.Module, stores *dive.Module, log *slog.Logger) (*Server, error) {
	var lines *logwriter.Writer
	level := new(slog.LevelVar)
	if log == nil {
		log, lines = cfg.Logger(os.Stderr, level)
		log = log.With("self", cfg.Node)
	}
	for _, w := range cfg.Exposures() {
		log.Warn("a secret can be seen", "why", w)
	}
	var keys *auth.Keyring
	if !cfg.OwnAuth {
		var err error
		if keys, err = openKeys(cfg, log); err != nil {
			return nil, err
		}
	}
	if cfg.DM != nil {
		warnings, err := messages.Of(module).Configure(cfg.DM)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cfg.Where("dm"), err)
		}
		for _, w := range warnings {
			log.Warn("a setting of dm has no effect", "why", w)
		}
	}

	if err := configureStorages(cfg, stores, log); err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg, keys: keys, log: log, logLines: lines, logLevel: level, users: users, dm: module, messages: messages.Of(module), dive: stores,
		router:      command.NewRouter(log),
		queueMemory: quota.New(queueMemory(cfg.QueueMemory)),
		done:        make(chan struct{}),

		lookups: locate.New(messages.Of(module)),

		inTransition: xsync.NewMap[node.SID, *user.User](),

		refusedLog: rate.Sometimes{First: 1, Interval: refusedLogPause},
		leftBehind: leftBehindLog{rest: rate.Sometimes{Interval: leftBehindPause}},
	}
	s.attachDev()
	var err error
	s.loops = netio.NewLoops(&s.cork)
	s.cluster, err = cluster.New(cluster.Config{
		Node: cfg.Node, Addr: cfg.Cluster, Advertise: cfg.Advertise, Join: cfg.Join, Secret: cfg.ClusterSecret,
		MinMembers: cfg.MinMembers, Cork: &s.cork, Loops: s.loops, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	if cfg.HookURL != "" {
		s.webhook = webhook.Attach(webhook.Config{
			Hook:  hook.Config{URL: cfg.HookURL, Secret: cfg.HookSecret, Timeout: cfg.HookTimeout, Node: cfg.Node, Log: log},
			Allow: cfg.HookFailure == config.HookAllows, Node: s.NodeID(), DM: module, Users: users,
		})
	}
	s.operator = operator.New(operator.Config{
		DM: module, Users: users, Lookups: s.lookups, Cluster: s.cluster, Find: s.find,
		Ready: s.Ready, TakesUsers: s.takesUsers.Load, Overview: s.overview, Log: log,
	})

	return s, nil
}

// queueMemory is the setting in bytes; 0: no limit.
func queueMemory(mib int) int64 {
	const part = 4
	switch {
	case mib < 0:
		return 0
	case mib == 0:
		return quota.Memory() / part
	}

	return int64(mib) << 20
}

// Users returns the registry of the users connected to this node.
func (s *Server) Users() *user.Registry { return s.users }

// DM returns the node's direct messages.
func (s *Server) DM() *dm.Module { return s.dm }

// Dive returns the node's storages.
func (s *Server) Dive() *dive.Module { return s.dive }

// HandleCommand adds a handler of a client's command: see the package-level function.
func (s *Server) HandleCommand(ver uint8, cmd uint16, handler Handler) {
	s.router.Handle(ver, cmd, command.Handler(handler))
}

// OnReady adds a function that is called once the node takes users.
func (s *Server) OnReady(f func()) { s.onReady = append(s.onReady, f) }

// OnTerminate adds a function that is called when the node has been told to stop, before its users
// are sent away.
func (s *Server) OnTerminate(f func()) { s.onTerminate = append(s.onTerminate, f) }

// Done is closed when the node has stopped.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is why the node has stopped by itself, nil if it has not: another node of its cluster has its
// name.
func (s *Server) Err() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}

	return nil
}

// Ready returns nil if the node takes users, else why not.
func (s *Server) Ready() error {
	if err := s.cluster.Ready(); err != nil && !s.stopping.Load() {
		return err
	}
	if !s.ready.Load() {
		return ErrNotReady
	}

	return nil
}

// TCPAddr is where TCP clients connect, once started; "" if nowhere.
func (s *Server) TCPAddr() string { return addrOf(s.tcpAddr) }

// HTTPAddr is where HTTP and WebSocket clients connect, once started; "" if nowhere.
func (s *Server) HTTPAddr() string { return addrOf(s.httpAddr) }

// PprofAddr is where profiles of the process can be had, once started; "" if nowhere.
func (s *Server) PprofAddr() string { return addrOf(s.pprofAddr) }

// AdminAddr is where operators reach the node, once started; "" if nowhere of its own.
func (s *Server) AdminAddr() string { return addrOf(s.adminAddr) }

// ClusterAddr is where links and gossip of other nodes come in, once started; "" if nowhere.
func (s *Server) ClusterAddr() string { return s.cluster.Addr() }

// NodeID is the node's name and incarnation.
func (s *Server) NodeID() string { return s.cluster.Self().String() }

// Nodes lists the other members of the cluster.
func (s *Server) Nodes() (ids []string) {
	for _, n := range s.cluster.Members() {
		if n != s.cluster.Self() {
			ids = append(ids, n.String())
		}
	}

	return ids
}

func addrOf(a net.Addr) string {
	if a == nil {
		return ""
	}

	return a.String()
}

// wait runs f to its end, or until ctx ends.
func wait(ctx context.Context, f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

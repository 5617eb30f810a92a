package parley

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/parley-dm/parley/internal/cluster"
	"github.com/parley-dm/parley/internal/config"
	"github.com/parley-dm/parley/internal/directory"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/messages"
	"github.com/parley-dm/parley/internal/storages"
)

const (
	tokenLife       = 24 * time.Hour
	headerTimeout   = 5 * time.Second  // for the head of an HTTP request
	requestTimeout  = 10 * time.Second // for a whole HTTP request, and for its answer
	idleTimeout     = 30 * time.Second // between two HTTP requests of one connection
	maxBodyBytes    = 64 << 10         // of an HTTP request
	maxHeaderBytes  = 16 << 10         // of an HTTP request
	failedStartTime = 10 * time.Second // how long goodbyes of a failed start may take
)

// Start starts the node. It returns when the node takes users, or with the reason why it cannot;
// then nothing is left open. Until then the HTTP listener answers health checks, and no other
// client port is open. Ctx bounds the starting only.
func (s *Server) Start(ctx context.Context) error {
	if s.begun.Swap(true) {
		return ErrStarted
	}
	if err := s.start(ctx); err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), failedStartTime)
		defer cancel()
		_ = s.Stop(ctx) //nolint:contextcheck // the caller's may have ended

		return err
	}
	s.ready.Store(true)
	s.log.Info("ready", "tcp", s.TCPAddr(), "http", s.HTTPAddr(), "cluster", s.ClusterAddr(),
		"id", s.NodeID(), "members", len(s.cluster.Members()))
	for _, f := range s.onReady {
		f()
	}

	return nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.messages.SetupError(); err != nil {
		return err
	}
	if err := storages.Of(s.dive).SetupError(); err != nil {
		return err
	}
	tlsConfig, err := s.openCerts()
	if err != nil {
		return err
	}
	if s.cfg.TCP != config.Off { // a port that is taken is the most common mistake
		if err := gateway.PortFree(ctx, s.cfg.TCP); err != nil {
			return listenError("tcp", s.cfg.TCP, err)
		}
	}
	if s.keys != nil {
		if err := s.keys.Start(ctx); err != nil {
			return err
		}
	}
	s.router.SetNextTimeout(s.dm.Settings().ReliableTimeout)
	s.gateway = gateway.New(gateway.Config{ //nolint:contextcheck // it only asks for the log's level
		Node: s.NodeID(), Loops: s.loops, TLS: tlsConfig, Heartbeat: s.cfg.Heartbeat, MaxMessage: s.dm.Settings().MaxMessageSize,
		TokenGrace: max(0, s.cfg.TokenGrace), Origins: s.cfg.AllowedOrigins,
		MaxPending: s.cfg.MaxPending, AddressPending: s.cfg.AddressPending, AddressOpen: s.cfg.AddressOpen,
		AddressLogins: s.cfg.AddressLogins, UserLogins: s.cfg.UserLogins, TrustedProxies: s.cfg.Proxies(),
		Running: s.cluster.Running, Logger: s.log,
		Rates: gateway.Rates{Messages: int64(s.cfg.RateMessages), Bytes: int64(s.cfg.RateBytes)}, Memory: s.queueMemory,
	}, s.authenticator(), s.users, s.router, host{s})
	if err := s.openHTTP(ctx, tlsConfig); err != nil {
		return err
	}
	if err := s.startStorages(); err != nil {
		return err
	}
	if err := s.startTraces(); err != nil {
		return err
	}
	if err := s.join(ctx); err != nil {
		return err
	}
	if err := s.startDev(); err != nil { //nolint:contextcheck // ctx bounds the starting only
		return err
	}
	s.takesUsers.Store(true)

	return s.openTCP(ctx)
}

// openTCP opens the port of TCP clients.
func (s *Server) openTCP(ctx context.Context) error {
	tcp, err := listen(ctx, "tcp", s.cfg.TCP)
	if err != nil || tcp == nil {
		return err
	}
	s.tcpAddr = tcp.Addr()
	s.serving.Go(func() { s.ended("TCP", s.gateway.Serve(tcp)) }) //nolint:contextcheck // ctx bounds the starting only

	return nil
}

// openHTTP opens the HTTP listener, which answers health checks before the node takes users, and
// that of profiles.
func (s *Server) openHTTP(ctx context.Context, tlsConfig *tls.Config) error {
	web, err := listen(ctx, "http", s.cfg.HTTP)
	if err != nil {
		return err
	}
	if web != nil {
		s.httpAddr = web.Addr()
		s.serveHTTP(web, tlsConfig)
	}
	if err := s.openAdmin(ctx, tlsConfig); err != nil || s.cfg.Pprof == "" || s.cfg.Pprof == s.cfg.Admin {
		return err
	}
	profiles, err := listen(ctx, "pprof", s.cfg.Pprof)
	if err != nil || profiles == nil {
		return err
	}
	s.pprofAddr = profiles.Addr()
	s.serveProfiles(profiles)

	return nil
}

// listen opens a listener; nil if it is off.
func listen(ctx context.Context, name, addr string) (net.Listener, error) {
	if addr == config.Off {
		return nil, nil //nolint:nilnil // no listener is wanted
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, listenError(name, addr, err)
	}

	return ln, nil
}

func listenError(name, addr string, err error) error {
	return fmt.Errorf("--%s %s: %w: choose another address, or off", name, addr, errors.Unwrap(err))
}

// join makes the node part of its cluster. It returns when the node is a member.
func (s *Server) join(ctx context.Context) error {
	s.directory = directory.New(s.cluster.Sender(cluster.PortDirectory), s.cluster.Clock(), directory.Options{Log: s.log})
	s.directory.SetSessions(members{s})
	s.directory.SetAsker(s.lookups)
	s.operator.Join(s.directory, s.cluster.Sender(cluster.PortAdmin))
	s.messages.Attach(messages.Parts{
		Users: s.users, Directory: s.directory, Nodes: s.cluster.Sender(cluster.PortDM), Clock: s.cluster.Clock(), Router: s.router, Log: s.log,
		Memory: s.queueMemory, Tracer: s.newTracer(),
	})
	s.router.Freeze()
	s.cluster.SetDirectory(view{s.directory, s.viewChanged})
	s.cluster.SetHost(members{s})
	s.cluster.Handle(cluster.PortDirectory, s.directory.HandlePacket)
	s.cluster.Handle(cluster.PortDM, s.messages.HandlePacket)
	s.cluster.Handle(cluster.PortAdmin, s.operator.HandlePacket)
	s.cluster.Handle(cluster.PortSessions, s.handlePredecessor)
	s.messages.Start()
	if s.webhook != nil {
		s.webhook.Start() //nolint:contextcheck // ctx bounds the starting only
	}

	return s.cluster.Start(ctx)
}

func (s *Server) serveHTTP(ln net.Listener, tlsConfig *tls.Config) {
	s.web = s.httpServer(httpapi.New(s, s.pagesHTTP()), requestTimeout)
	ln = s.gateway.GuardHTTP(s.web, ln, tlsConfig)
	s.serving.Go(func() { s.ended("HTTP", s.web.Serve(ln)) })
}

// webSocket takes WebSocket clients; nil until the node takes users.
func (s *Server) webSocket() http.Handler {
	if !s.takesUsers.Load() {
		return nil
	}

	return s.gateway.WebSocket()
}

func (s *Server) serveProfiles(ln net.Listener) {
	s.profiles = s.httpServer(httpapi.LocalHost(httpapi.Profiles()), httpapi.MaxRecord+requestTimeout)
	s.serving.Go(func() { s.ended("pprof", s.profiles.Serve(ln)) })
	s.log.Info("profiles can be had", "at", "http://"+ln.Addr().String()+"/debug/pprof/")
}

// httpServer has all of the timeouts. A WebSocket leaves them behind.
func (s *Server) httpServer(h http.Handler, answerTimeout time.Duration) *http.Server {
	return &http.Server{
		Handler:           http.MaxBytesHandler(h, s.maxBody()),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// ended logs why a listener ended, unless the server closed it.
func (s *Server) ended(name string, err error) {
	if s.ready.Load() && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, gateway.ErrClosed) {
		s.log.Error("a listener has ended", "listener", name, "error", err)
	}
}

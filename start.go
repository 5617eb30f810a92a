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

	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/internal/config"
	"github.com/parley-dm/parley/internal/gateway"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/mesh"
)

const (
	tokenLife      = 24 * time.Hour
	headerTimeout  = 5 * time.Second  // for the head of an HTTP request
	idleTimeout    = 2 * time.Minute  // between two HTTP requests of one connection
	maxHeaderBytes = 16 << 10         // of an HTTP request
	unannounced    = 10 * time.Second // how long goodbyes of a failed start may take
)

// Start starts the node. It returns when the node takes users, or with the reason why it cannot; then nothing is left open. Ctx bounds the
// starting only.
func (s *Server) Start(ctx context.Context) error {
	if s.begun.Swap(true) {
		return ErrStarted
	}
	if err := s.start(ctx); err != nil {
		ctx, cancel := context.WithTimeout(context.Background(), unannounced)
		defer cancel()
		_ = s.Stop(ctx) //nolint:contextcheck // the caller's may have ended

		return err
	}
	s.ready.Store(true)
	s.log.Info("ready", "tcp", s.TCPAddr(), "http", s.HTTPAddr(), "cluster", s.ClusterAddr(), "links", s.LinkAddr(),
		"id", s.NodeID(), "nodes", len(s.mesh.Nodes())+1)
	for _, f := range s.onReady {
		f()
	}

	return nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.dm.SetupError(); err != nil {
		return err
	}
	tlsConfig, err := s.cfg.TLS()
	if err != nil {
		return err
	}
	tcp, web, profiles, err := s.listen(ctx)
	if err != nil {
		return err
	}
	if profiles != nil {
		s.serveProfiles(profiles)
	}
	if err := s.join(ctx); err != nil {
		closeAll(tcp, web)

		return err
	}
	s.gateway = gateway.New(gateway.Config{
		Node: s.NodeID(), Batch: s.batch(), TLS: tlsConfig, Heartbeat: s.cfg.Heartbeat, MaxMessage: s.dm.Settings().MaxMessageSize, Logger: s.log,
	}, s.key, s.users, s.router, s)
	if tcp != nil {
		s.serving.Go(func() { s.ended("TCP", s.gateway.Serve(tcp)) }) //nolint:contextcheck // ctx bounds the starting only
	}
	if web != nil {
		s.serveHTTP(web, tlsConfig)
	}

	return nil
}

// listen opens the client listeners, first of all: a port that is taken is the most common mistake.
func (s *Server) listen(ctx context.Context) (tcp, web, profiles net.Listener, err error) {
	if tcp, err = open(ctx, s.cfg.TCP, "tcp"); err != nil {
		return nil, nil, nil, err
	}
	if web, err = open(ctx, s.cfg.HTTP, "http"); err != nil {
		closeAll(tcp)

		return nil, nil, nil, err
	}
	if s.cfg.Pprof != "" {
		if profiles, err = open(ctx, s.cfg.Pprof, "pprof"); err != nil {
			closeAll(tcp, web)

			return nil, nil, nil, err
		}
		s.pprofAddr = profiles.Addr()
	}
	if tcp != nil {
		s.tcpAddr = tcp.Addr()
	}
	if web != nil {
		s.httpAddr = web.Addr()
	}

	return tcp, web, profiles, nil
}

func open(ctx context.Context, addr, name string) (net.Listener, error) {
	if addr == config.Off {
		return nil, nil //nolint:nilnil // no listener is wanted
	}
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--%s %s: %w: choose another address, or off", name, addr, errors.Unwrap(err))
	}

	return ln, nil
}

func closeAll(listeners ...net.Listener) {
	for _, ln := range listeners {
		if ln != nil {
			_ = ln.Close()
		}
	}
}

// join makes the node part of its cluster.
func (s *Server) join(ctx context.Context) error {
	if s.mesh == nil {
		m, err := mesh.NewNATS(mesh.Options{
			Node: s.cfg.Node, Cluster: s.cfg.Cluster, Join: s.cfg.Join, Secret: s.cfg.ClusterSecret, URL: s.cfg.NATS,
			Links: s.cfg.Mesh, LinkTLS: s.cfg.TLSCert != "", Flap: s.flap,
			MaxMessage: s.dm.Settings().MaxMessageSize, Logger: s.log,
		})
		if err != nil {
			return err
		}
		s.mesh = m
	}
	s.directory = dive.NewDirectory(s.mesh)
	s.directory.SetResident(s)
	s.dm.Attach(dm.Parts{Users: s.users, Directory: s.directory, Mesh: s.mesh, Router: s.router, Log: s.log})
	s.router.Freeze()
	if err := s.mesh.Start(ctx); err != nil {
		return err
	}
	s.dm.Start()

	return nil
}

// batch stands around what several clients send in a row, if the mesh has a use for that.
func (s *Server) batch() gateway.Batch {
	if m, ok := s.mesh.(interface{ Batch() mesh.Batch }); ok {
		return m.Batch()
	}

	return nil
}

func (s *Server) serveHTTP(ln net.Listener, tlsConfig *tls.Config) {
	if tlsConfig != nil {
		ln = tls.NewListener(ln, tlsConfig)
	}
	s.web = s.httpServer(httpapi.New(s, s.gateway.WebSocket()))
	s.serving.Go(func() { s.ended("HTTP", s.web.Serve(ln)) })
}

func (s *Server) serveProfiles(ln net.Listener) {
	s.profiles = s.httpServer(httpapi.Profiles())
	s.serving.Go(func() { s.ended("pprof", s.profiles.Serve(ln)) })
	s.log.Info("profiles can be had", "at", "http://"+ln.Addr().String()+"/debug/pprof/")
}

func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
}

// ended says why a listener ended, if nobody asked it to.
func (s *Server) ended(name string, err error) {
	if s.ready.Load() && !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, gateway.ErrClosed) {
		s.log.Error("a listener has ended", "listener", name, "error", err)
	}
}

package parley

import (
	"context"
	"crypto/tls"
	"net/http"

	"github.com/parley-dm/parley/internal/demopage"
	"github.com/parley-dm/parley/internal/httpapi"
	"github.com/parley-dm/parley/internal/web"
)

// openAdmin opens the listener for operators.
func (s *Server) openAdmin(ctx context.Context, tlsConfig *tls.Config) error {
	if s.cfg.Admin == "" {
		return nil
	}
	ln, err := listen(ctx, "admin", s.cfg.Admin)
	if err != nil {
		return err
	}
	s.adminAddr = ln.Addr()
	if tlsConfig != nil {
		ln = tls.NewListener(ln, tlsConfig)
	}
	s.admin = s.httpServer(s.pagesAdmin(), httpapi.MaxRecord+requestTimeout)
	s.serving.Go(func() { s.ended("admin", s.admin.Serve(ln)) })
	s.log.Info("the admin listener is open", "at", s.AdminAddr())

	return nil
}

// pagesHTTP is what the HTTP listener shows.
func (s *Server) pagesHTTP() httpapi.Pages {
	p := httpapi.Pages{WebSocket: s.webSocket}
	if s.dev != nil {
		p.Root = demopage.New(s.dev.feed, s.dev)
	}
	if s.cfg.Admin == "" {
		p.API, p.Dashboard = s.api(), s.dashboard()
		p.Metrics = s.metricsHandler()
		if !s.cfg.OpenMetrics() {
			p.Metrics = httpapi.Bearer(s.cfg.AdminKey, p.Metrics)
		}
	}

	return p
}

// pagesAdmin is what the admin listener shows.
func (s *Server) pagesAdmin() http.Handler {
	p := httpapi.Pages{API: s.api(), Dashboard: s.dashboard(), Metrics: s.metricsHandler()}
	if s.cfg.Pprof == s.cfg.Admin {
		p.Profiles = httpapi.Profiles()
		if s.cfg.AdminKey != "" {
			p.Profiles = httpapi.Bearer(s.cfg.AdminKey, p.Profiles)
		}
	}

	return httpapi.Hosts(s.cfg.AdminHosts, httpapi.New(s, p))
}

// maxBody bounds the body of an HTTP request, in bytes. Only the API reads bodies.
func (s *Server) maxBody() int64 {
	if s.cfg.AdminKey == "" {
		return maxBodyBytes
	}

	return max(maxBodyBytes, httpapi.MaxBody(s.dm.Settings().MaxMessageSize))
}

// dashboard is the page for operators. All that it shows comes from the API.
func (s *Server) dashboard() http.Handler {
	if s.cfg.AdminKey == "" {
		return httpapi.NoDashboard()
	}

	return web.Page("dashboard")
}

// api is the server-to-server API; nil without a key.
func (s *Server) api() http.Handler {
	if s.cfg.AdminKey == "" {
		return nil
	}

	return httpapi.API(s.cfg.AdminKey, s.operator)
}

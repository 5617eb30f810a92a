package parley

import (
	"context"
	"crypto/tls"
	"errors"

	"github.com/parley-dm/parley/internal/certs"
)

// Reload reads auth keys (files and URLs) and the TLS certificate again, as SIGHUP does for [Start]
// and "parley serve". What cannot be read stays as it was; the error, which is also logged, says
// why.
func (s *Server) Reload(ctx context.Context) error {
	var errs []error
	if s.keys != nil {
		errs = append(errs, s.keys.Reload(ctx))
	}
	if s.certs != nil {
		errs = append(errs, s.certs.Reload())
	}

	return errors.Join(errs...)
}

// openCerts reads the certificate of the client listeners. It returns nil if there is none.
func (s *Server) openCerts() (*tls.Config, error) {
	if s.cfg.TLSCert == "" {
		return nil, nil //nolint:nilnil // no TLS is no mistake, and listeners take nil for it
	}
	c, err := certs.Open(s.cfg.Certificate, s.log)
	if err != nil {
		return nil, err
	}
	s.certs = c

	return c.Config(), nil
}

package config

import (
	"crypto/tls"
	"fmt"
)

// TLS reads the certificate of the client listeners. It returns nil if there is none.
func (c *Config) TLS() (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil //nolint:nilnil // no TLS is no mistake, and net.Listener and the gateway take nil for it
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w: they must be readable PEM files that belong together", c.Where("tls_cert"), c.Where("tls_key"), err)
	}

	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

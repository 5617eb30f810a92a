package config

import (
	"crypto/tls"
	"fmt"
)

// Certificate reads the certificate of the client listeners, if TLSCert names one.
func (c *Config) Certificate() (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w: they must be readable PEM files that belong together", c.Where("tls_cert"), c.Where("tls_key"), err)
	}

	return &cert, nil
}

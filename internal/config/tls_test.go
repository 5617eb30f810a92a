package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"

	"github.com/parley-dm/parley/internal/config"
)

func TestTLSIsReadFromTheTwoFiles(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	testkit.WriteCertificate(t, cert, key)

	c := config.Config{TLSCert: cert, TLSKey: key}
	made, err := c.Certificate()
	if err != nil || len(made.Certificate) != 1 || made.Leaf == nil {
		t.Errorf("got %v, %v", made, err)
	}

	c = load(t, config.Sources{Flags: map[string]string{"tls-cert": filepath.Join(dir, "none"), "tls-key": key}})
	if _, err := c.Certificate(); err == nil || !strings.HasPrefix(err.Error(), "--tls-cert, --tls-key: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error is %v", err)
	}
	c = config.Config{TLSCert: key, TLSKey: cert}
	if _, err := c.Certificate(); err == nil || !strings.HasPrefix(err.Error(), "tls_cert, tls_key: ") {
		t.Errorf("error is %v", err)
	}
}
